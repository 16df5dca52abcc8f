// SPDX-License-Identifier: Apache-2.0
//
// Activations by their definitions.

import Foundation
import Tensors

extension ElementActivation {
    /// Of the live channels of each row; the others are zero.
    public func forward(_ rows: Rows, _ input: [Double]) -> [Double] {
        var output = [Double](repeating: 0, count: input.count)
        for row in rows.all {
            guard self == .softmax else {
                for i in row { output[i] = value(at: input[i]) }
                continue
            }
            let largest = row.map { input[$0] }.max()!
            let sum = row.map { exp(input[$0] - largest) }.reduce(0, +)
            for i in row { output[i] = exp(input[i] - largest) / sum }
        }
        return output
    }

    /// The gradient of the input, from that of the output.
    public func backward(_ rows: Rows, input: [Double], _ gradient: [Double]) -> [Double] {
        let output = forward(rows, input)
        var result = [Double](repeating: 0, count: output.count)
        for row in rows.all {
            let mean = row.map { output[$0] * gradient[$0] }.reduce(0, +)
            for i in row {
                result[i] =
                    self == .softmax
                    ? output[i] * (gradient[i] - mean) : gradient[i] * slope(at: input[i])
            }
        }
        return result
    }

    /// Of one number; of softmax there is none.
    public func value(at x: Double) -> Double {
        switch self {
        case .rectifier(let rectifier):
            let threshold = Double(rectifier.threshold)
            return x > threshold
                ? min(x, Double(rectifier.ceiling))
                : Double(rectifier.negativeSlope) * (x - threshold)
        case .elu(let alpha, let scale):
            return Double(scale) * (x > 0 ? x : Double(alpha) * expm1(x))
        case .gelu(approximate: false): return x * Self.share(below: x)
        case .gelu(approximate: true): return x / 2 * (1 + Foundation.tanh(Self.cubic(x)))
        case .silu: return x / (1 + exp(-x))
        case .sigmoid: return 1 / (1 + exp(-x))
        case .tanh: return Foundation.tanh(x)
        case .softplus: return max(x, 0) + log1p(exp(-abs(x)))
        case .softmax: preconditionFailure("ElementActivation: softmax is of many numbers")
        }
    }

    /// How fast it grows there.
    public func slope(at x: Double) -> Double {
        let s = 1 / (1 + exp(-x))
        switch self {
        case .rectifier(let rectifier):
            if x <= Double(rectifier.threshold) { return Double(rectifier.negativeSlope) }
            return x < Double(rectifier.ceiling) ? 1 : 0
        case .elu(let alpha, let scale):
            return Double(scale) * (x > 0 ? 1 : Double(alpha) * exp(x))
        case .gelu(approximate: false):
            return Self.share(below: x) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        case .gelu(approximate: true):
            let t = Foundation.tanh(Self.cubic(x))
            let growth = (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
            return (1 + t) / 2 + x / 2 * (1 - t * t) * growth
        case .silu: return s + x * s * (1 - s)
        case .sigmoid: return s * (1 - s)
        case .tanh: return 1 / (cosh(x) * cosh(x))
        case .softplus: return s
        case .softmax: preconditionFailure("ElementActivation: softmax is of many numbers")
        }
    }

    /// Of a normal distribution.
    private static func share(below x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

    private static func cubic(_ x: Double) -> Double {
        (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
    }
}

extension Rows {
    /// The live indices of each row.
    fileprivate var all: [Range<Int>] { (0..<count).map { $0 * stored..<$0 * stored + live } }
}

extension ConvGeometry.Activation {
    /// Of one number.
    public func value(at x: Double) -> Double {
        rectifier.map { ElementActivation.rectifier($0).value(at: x) } ?? x
    }

    /// How fast it grows there; the same where its value, in place of the number, is known.
    public func slope(at x: Double) -> Double {
        rectifier.map { ElementActivation.rectifier($0).slope(at: x) } ?? 1
    }
}
