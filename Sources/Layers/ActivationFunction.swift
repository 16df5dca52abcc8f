// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The values of a layer's `activation:` field.
public enum ActivationFunction: String, Hashable, Sendable, CaseIterable {
    case linear, relu, sigmoid, softmax

    var element: ElementActivation? {
        switch self {
        case .linear: nil
        case .relu: .relu
        case .sigmoid: .sigmoid
        case .softmax: .softmax
        }
    }
}
