// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// A 2D convolution the other way: each pixel of `[H, W, C]` adds its kernel to `[H', W', filters]`, so that
/// strides make images larger.
///
/// It leads from the output of a `Conv2D` with the same fields back to its input, of which it takes the
/// smallest: `H * stride`, and with `padding: valid` what the kernel is larger than the stride. Weights:
/// `kernel` `[kernelHeight, kernelWidth, filters, C]`, Glorot uniform, and `bias` `[filters]`, zero.
public struct Conv2DTranspose: Layer, Hashable {
    public static let kerasName = "Conv2DTranspose"

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var activation: ActivationFunction
    public var useBias: Bool
    public var weights: WeightOptions

    public init(
        _ filters: Int, kernelSize: Size2D, strides: Size2D = Size2D(1), padding: Padding = .valid,
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
        self.init(
            try fields.int("filters", in: 1...65_536),
            kernelSize: Size2D(try fields.pair("kernel_size", in: 1...1024)))
        strides = try fields.size("strides", default: strides)
        padding = try fields.choice("padding", default: padding)
        activation = try fields.choice("activation", default: activation)
        useBias = try fields.bool("use_bias", default: useBias)
        weights = try WeightOptions(fields: &fields)
        guard fields.value("output_padding") == nil,
            try fields.size("dilation_rate", default: Size2D(1)) == Size2D(1)
        else {
            throw ConfigError(
                code: .malformed, path: fields.path, line: fields.line,
                detail: "output_padding and dilation_rate are not supported here; leave them out,"
                    + " and change the size of the output with padding and kernel_size")
        }
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
                detail: "Conv2DTranspose takes images (height, width, channels), but its input is"
                    + " \(input); put it before Flatten")
        }
        let size = size(of: input[0], input[1])
        return [size.height, size.width, filters]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        try weights.checkConstraint(over: nil)
        let size = size(of: network.signal.height, network.signal.width)
        network.convolveTransposed(
            filters: filters, kernel: kernelSize, strides: strides, size: size,
            windows: Windows(
                height: size.height, width: size.width, kernel: kernelSize, strides: strides,
                padding: padding), useBias: useBias, weights)
        try network.activate(activation.element)
    }

    private func size(of height: Int, _ width: Int) -> Size2D {
        func length(_ input: Int, _ kernel: Int, _ stride: Int) -> Int {
            input * stride + (padding == .valid ? max(0, kernel - stride) : 0)
        }
        return Size2D(
            length(height, kernelSize.height, strides.height),
            length(width, kernelSize.width, strides.width))
    }
}
