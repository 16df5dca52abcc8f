// SPDX-License-Identifier: Apache-2.0
//
// Functions of a single element, with what they are set to, and softmax.

/// Activations that are layers of their own; channels beyond the live ones are left zero.
public enum ElementActivation: Hashable, Sendable {
    case rectifier(Rectifier)
    /// `scale * x` above zero, `scale * alpha * (e^x - 1)` elsewhere.
    case elu(alpha: Float, scale: Float)
    /// `x Φ(x)`, Φ the share of a normal distribution below x; or what a sigmoid makes of a cubic polynomial
    /// in the place of Φ.
    case gelu(approximate: Bool)
    /// `x * sigmoid(x)`.
    case silu
    case sigmoid, tanh
    /// `ln(1 + e^x)`.
    case softplus
    /// Over the live channels of a row.
    case softmax

    /// `max(x, 0)`, which other kernels can have in them.
    public static let relu = rectifier(Rectifier())

    /// Whether the backward pass reads what the forward pass read, in the place of what it wrote.
    public var rereadsInput: Bool {
        switch self {
        case .gelu, .silu: true
        case .rectifier, .elu, .sigmoid, .tanh, .softplus, .softmax: false
        }
    }
}

/// `slope * (x - threshold)` up to a threshold, above it `x`, but never more than a ceiling.
public struct Rectifier: Hashable, Sendable {
    /// At least zero.
    public var negativeSlope: Float
    /// At least zero.
    public var threshold: Float
    /// Above zero.
    public var ceiling: Float

    public init(negativeSlope: Float = 0, threshold: Float = 0, ceiling: Float = .infinity) {
        self.negativeSlope = negativeSlope
        self.threshold = threshold
        self.ceiling = ceiling
    }
}

extension ElementActivation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .relu: "relu"
        case .rectifier: "rectifier"
        case .elu: "elu"
        case .gelu: "gelu"
        case .silu: "silu"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        case .softplus: "softplus"
        case .softmax: "softmax"
        }
    }

    /// Traps where the kernels could not compute it.
    func check() {
        switch self {
        case .rectifier(let rectifier):
            precondition(
                rectifier.negativeSlope >= 0 && rectifier.threshold >= 0 && rectifier.ceiling > 0,
                "ElementActivation: the kernels cannot do \(rectifier)")
        case .elu(let alpha, let scale):
            precondition(
                alpha >= 0 && scale > 0, "ElementActivation: an elu of \(alpha), \(scale)")
        case .gelu, .silu, .sigmoid, .tanh, .softplus, .softmax: break
        }
    }
}
