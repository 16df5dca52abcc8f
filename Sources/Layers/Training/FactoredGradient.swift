// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a dense layer is a product of two small matrices: what is worth sending in its place.

import Tensors

/// How the gradient of one layer over a shard is made from its factors: what went into the layer, and the
/// gradient of what came out. Who multiplies them has the same bits as who computed the shard.
///
/// Of a layer with `n` inputs and `m` outputs a shard of `s` images has `s * (n + m)` numbers as factors,
/// and `n * m` as a gradient.
///
/// - Source: Xie et al. (2016), "Lighter-Communication Distributed Machine Learning via Sufficient Factor
///   Broadcasting".
public struct FactoredGradient: Sendable {
    private let geometry: ConvGeometry
    private let blockSize: Int
    private let kernel: Range<Int>
    private let bias: Range<Int>

    /// Nil unless the stage forms a shard's gradient at once.
    init?(_ stage: any Stage, blockSize: Int) {
        guard let stage = stage as? ConvolutionStage, stage.geometry.algorithm == .direct,
            stage.geometry.sumsAtOnce
        else { return nil }
        geometry = stage.geometry
        kernel = stage.kernel
        bias = stage.bias
        self.blockSize = blockSize
    }

    /// Where the layer's parameters lie in the flat buffer.
    public var parameters: Range<Int> { kernel.lowerBound..<bias.upperBound }

    /// Floats of the factors: the gradient of the bias, and then for each block the inputs and the gradients
    /// of the outputs.
    ///
    /// - Parameter samples: Of the shard.
    public func count(samples: Int) -> Int {
        bias.count + (samples + blockSize - 1) / blockSize * geometry.rowsCount
    }

    /// The most images that a shard has, and the most floats of its factors.
    public var mostSamples: Int { geometry.blocksPerShard * blockSize }
    public var count: Int { bias.count + geometry.accumulatorCount }

    /// Makes a part of a shard's gradient: what is made of it can follow while it is in the cache.
    ///
    /// - Parameters:
    ///   - part: Of the flat buffer, within `parameters`; from their start on multiples of 128, but for the end.
    ///   - factors: `count(samples:)` floats.
    ///   - samples: Of the shard.
    ///   - gradient: Overwritten; as many floats as the part has.
    public func make(
        _ part: Range<Int>, of factors: Floats, samples: Int, _ kernels: KernelSet,
        into gradient: MutableFloats
    ) {
        precondition(
            factors.count == count(samples: samples) && part.count == gradient.count
                && part.clamped(to: parameters) == part,
            "FactoredGradient: \(factors.count) floats for \(samples) samples, \(gradient.count) for "
                + "\(part); expected \(count(samples: samples)), and a part of \(parameters)")
        let weights = part.clamped(to: kernel), biases = part.clamped(to: bias)
        if !weights.isEmpty {
            kernels.convFinish(
                geometry, Floats(rebasing: factors[bias.count...]),
                blocks: (samples + blockSize - 1) / blockSize,
                part: weights.lowerBound - kernel.lowerBound..<weights.upperBound
                    - kernel.lowerBound, into: gradient.slice(0..<weights.count))
        }
        guard !biases.isEmpty else { return }
        _ = gradient[weights.count...].update(
            fromContentsOf: factors[
                biases.lowerBound - bias.lowerBound..<biases.upperBound - bias.lowerBound])
    }

    /// Writes the factors of a shard over the front of the layer's part of its gradient, which is not needed
    /// then.
    ///
    /// - Returns: What was written.
    func write(_ rows: MutableFloats, blocks: Int, over gradient: MutableFloats) -> MutableFloats {
        let part = gradient.slice(parameters)
        let bias = gradient.slice(self.bias), rows = rows[..<(blocks * geometry.rowsCount)]
        _ = part[..<bias.count].update(fromContentsOf: bias)
        let end = part[bias.count...].update(fromContentsOf: rows)
        return part.slice(0..<end)
    }
}

extension Model {
    /// - Returns: Nil where a stage's gradient is no such product.
    public func factoredGradient(ofStage stage: Int) -> FactoredGradient? {
        FactoredGradient(stages[stage], blockSize: blockSize)
    }
}
