// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// A 2D convolution: `filters` kernels slide over `[H, W, C]` and make `[H', W', filters]`.
///
/// Weights: `kernel` `[kernelHeight, kernelWidth, C, filters]`, and `bias` `[filters]`.
public struct Conv2D: Layer, Hashable {
    public static let kerasName = "Conv2D"

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var activation: ActivationFunction
    public var useBias: Bool
    public var weights: WeightOptions

    public init(
        filters: Int, kernelSize: Size2D, strides: Size2D = Size2D(1), padding: Padding = .valid,
        activation: ActivationFunction = .linear, useBias: Bool = true,
        weights: WeightOptions = WeightOptions()
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.activation = activation
        self.useBias = useBias
        self.weights = weights
    }

    public init(fields: inout Fields) throws(ConfigError) {
        filters = try fields.int("filters", in: 1...65_536)
        kernelSize = Size2D(try fields.pair("kernel_size", in: 1...1024))
        strides = Size2D(try fields.pair("strides", default: (1, 1), in: 1...1024))
        padding = try fields.choice("padding", default: .valid)
        activation = try fields.choice("activation", default: .linear)
        useBias = try fields.bool("use_bias", default: true)
        weights = try WeightOptions(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("filters", .scalar(filters)),
            .init("kernel_size", kernelSize.encoded),
            .init("strides", strides.encoded),
            .init("padding", .scalar(padding.rawValue)),
            .init("activation", .scalar(activation.rawValue)),
            .init("use_bias", .scalar(useBias)),
        ] + weights.fields
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        guard input.rank == 3 else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "Conv2D takes images (height, width, channels), but its input is \(input);"
                    + " put it before Flatten")
        }
        let windows = windows(input[0], input[1])
        guard windows.fits else {
            throw LayerError(
                code: .shapeMismatch,
                detail:
                    "a \(kernelSize) kernel does not fit into the input \(input), the output would"
                    + " be empty; use a smaller kernel_size, 'padding: same' or larger images")
        }
        return [windows.down.count, windows.across.count, filters]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal
        network.convolve(
            filters: filters, kernel: kernelSize, strides: strides,
            windows: windows(signal.height, signal.width),
            kernelShape: [kernelSize.height, kernelSize.width, signal.channels, filters],
            useBias: useBias, weights)
        try network.activate(activation.element)
    }

    private func windows(_ height: Int, _ width: Int) -> Windows {
        Windows(
            height: height, width: width, kernel: kernelSize, strides: strides, padding: padding)
    }
}
