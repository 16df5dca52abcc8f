// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The values of a layer's `activation:` field, set to what Keras sets them.
public enum ActivationFunction: String, Hashable, Sendable, CaseIterable {
    case linear, relu, relu6
    case leakyReLU = "leaky_relu"
    case elu, selu, gelu, silu
    /// Another name of `silu`.
    case swish
    case tanh, sigmoid, softplus, softmax

    /// nil for none.
    package var element: ElementActivation? {
        switch self {
        case .linear: nil
        case .relu: .relu
        case .relu6: .rectifier(Rectifier(ceiling: 6))
        case .leakyReLU: .rectifier(Rectifier(negativeSlope: 0.2))
        case .elu: .elu(alpha: 1, scale: 1)
        case .selu: .elu(alpha: 1.673_263_2, scale: 1.050_701)
        case .gelu: .gelu(approximate: false)
        case .silu, .swish: .silu
        case .tanh: .tanh
        case .sigmoid: .sigmoid
        case .softplus: .softplus
        case .softmax: .softmax
        }
    }
}
