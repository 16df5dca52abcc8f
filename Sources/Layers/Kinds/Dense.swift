// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// A fully connected layer over the last axis of its input.
///
/// After `Flatten` it is a convolution whose kernel is the whole image; on `[H, W, C]` it is, as in
/// Keras, a 1x1 convolution. Weights: `kernel` `[inputs, units]`, and `bias` `[units]`.
public struct Dense: Layer, Hashable {
    public static let kerasName = "Dense"

    public var units: Int
    public var activation: ActivationFunction
    public var useBias: Bool
    public var weights: WeightOptions

    public init(
        _ units: Int, activation: ActivationFunction = .linear, useBias: Bool = true,
        weights: WeightOptions = WeightOptions()
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.weights = weights
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init(try fields.int("units", in: 1...1_048_576))
        activation = try fields.choice("activation", default: activation)
        useBias = try fields.bool("use_bias", default: useBias)
        weights = try WeightOptions(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("units", .scalar(units)),
            .init("activation", .scalar(activation.rawValue)),
            .init("use_bias", .scalar(useBias)),
        ] + weights.fields
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        Shape(input.extents.dropLast() + [units])
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        try weights.checkConstraint(over: [0])
        let signal = network.signal
        let kernel = signal.isFlat ? Size2D(signal.height, signal.width) : Size2D(1)
        network.convolve(
            filters: units, kernel: kernel, strides: Size2D(1),
            windows: Windows(
                height: signal.height, width: signal.width, kernel: kernel, strides: Size2D(1),
                padding: .valid),
            kernelShape: [kernel.height * kernel.width * signal.channels, units], useBias: useBias,
            weights)
        try network.activate(activation.element)
    }
}
