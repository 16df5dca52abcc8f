// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The starting values of a tensor, one after the other: each is a function of the stream and of its index.
struct InitialValues {
    private enum Distribution {
        case constant(Float)
        case uniform(middle: Double, half: Double)
        /// If it is cut, numbers beyond two deviations are drawn again.
        case normal(mean: Double, deviation: Double, isCut: Bool)
    }

    private let distribution: Distribution
    private let random: Philox
    private var index = 0
    private var words = SIMD4<UInt32>()
    private var normals = SIMD4<Double>()

    /// - Parameter shape: That users see, HWIO for kernels.
    init(_ initializer: Initializer, _ shape: Shape, _ random: Philox) {
        self.random = random
        switch initializer {
        case .constant(let value): distribution = .constant(Float(value))
        case .randomUniform(let lower, let upper):
            distribution = .uniform(middle: (lower + upper) / 2, half: (upper - lower) / 2)
        case .randomNormal(let mean, let deviation):
            distribution = .normal(mean: mean, deviation: deviation, isCut: false)
        case .truncatedNormal(let mean, let deviation):
            distribution = .normal(mean: mean, deviation: deviation, isCut: true)
        case .varianceScaling(let scale, let mode, let distribution):
            // The variance, as a fraction.
            let (part, count) = Self.fraction(scale, mode, shape)
            switch distribution {
            case .uniform:
                // A uniform number between -a and a has the variance a^2 / 3.
                let limit = Float((3 * part / count).squareRoot())
                self.distribution = .uniform(middle: 0, half: Double(limit))
            case .untruncatedNormal:
                self.distribution = .normal(
                    mean: 0, deviation: (part / count).squareRoot(), isCut: false)
            case .truncatedNormal:
                // Between -2 and 2 a normal number has this deviation.
                let rest = 0.879_625_661_034_239_78
                self.distribution = .normal(
                    mean: 0, deviation: (part / count).squareRoot() / rest, isCut: true)
            }
        }
    }

    mutating func next() -> Float {
        let block = UInt64(index / 4), lane = index % 4
        index += 1
        switch distribution {
        case .constant(let value): return value
        case .uniform(let middle, let half):
            if lane == 0 { words = random.words(block) }
            // The subtraction is exact.
            return Float(middle + Double(2 * words[lane].unitFloat - 1) * half)
        case .normal(let mean, let deviation, let isCut):
            if lane == 0 { normals = random.normals(block) }
            var normal = normals[lane]
            var attempt: UInt64 = 0
            while isCut && abs(normal) > 2 {
                attempt += 1
                normal = random.normals(block | attempt << 40)[lane]
            }
            return Float(mean + deviation * normal)
        }
    }

    /// The scale, and what a weight's inputs and outputs count, as in Keras: `[..., inputs, outputs]`.
    private static func fraction(
        _ scale: Double, _ mode: Initializer.Mode, _ shape: Shape
    ) -> (Double, Double) {
        let outputs = shape[shape.rank - 1]
        let inputs = shape.rank > 1 ? shape[shape.rank - 2] : outputs
        let taps = shape.rank > 1 ? shape.count / (inputs * outputs) : 1
        switch mode {
        case .fanIn: return (scale, Double(taps * inputs))
        case .fanOut: return (scale, Double(taps * outputs))
        case .fanAverage: return (2 * scale, Double(taps * (inputs + outputs)))
        }
    }
}
