// SPDX-License-Identifier: Apache-2.0
//
// Activations as layers of their own. The same functions stand in the `activation` field of Conv2D and
// Dense.

import Configuration
import Tensors

/// A layer that is nothing but an activation function.
public protocol ActivationLayer: Layer {
    /// What it computes; nil for nothing.
    var element: ElementActivation? { get }
}

extension ActivationLayer {
    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {
        try network.activate(element)
    }
}

/// `Activation: relu` in Keras's constructor; here `Activation: {activation: relu}`.
public struct Activation: ActivationLayer, Hashable {
    public static let kerasName = "Activation"

    public var function: ActivationFunction

    public init(_ function: ActivationFunction) { self.function = function }

    public init(fields: inout Fields) throws(ConfigError) {
        function = try fields.choice("activation")
    }

    public var fields: [ConfigValue.Entry] { [.init("activation", .scalar(function.rawValue))] }

    public var element: ElementActivation? { function.element }
}

/// `e^x`, divided by its sum over the last axis.
public struct Softmax: ActivationLayer, Hashable {
    public static let kerasName = "Softmax"
    public var element: ElementActivation? { .softmax }
    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}
    public var fields: [ConfigValue.Entry] { [] }
}

/// `1 / (1 + e^-x)`.
public struct Sigmoid: ActivationLayer, Hashable {
    public static let kerasName = "Sigmoid"
    public var element: ElementActivation? { .sigmoid }
    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}
    public var fields: [ConfigValue.Entry] { [] }
}
