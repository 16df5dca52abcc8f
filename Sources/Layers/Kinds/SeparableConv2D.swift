// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// A depthwise convolution and a 1x1 convolution of what it makes: `[H, W, C]` becomes `[H', W', filters]`.
///
/// Weights: `depthwise_kernel` `[kernelHeight, kernelWidth, C, depthMultiplier]` and `pointwise_kernel`
/// `[1, 1, C * depthMultiplier, filters]`, Glorot uniform, and `bias` `[filters]`, zero.
public struct SeparableConv2D: ConvolutionLayer, Hashable {
    public static let kerasName = "SeparableConv2D"

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var dilationRate: Size2D
    /// Depthwise filters a channel.
    public var depthMultiplier: Int
    public var activation: ActivationFunction
    public var useBias: Bool

    public init(
        _ filters: Int, kernelSize: Size2D, strides: Size2D = Size2D(1), padding: Padding = .valid,
        dilationRate: Size2D = Size2D(1), depthMultiplier: Int = 1,
        activation: ActivationFunction = .linear, useBias: Bool = true
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilationRate = dilationRate
        self.depthMultiplier = depthMultiplier
        self.activation = activation
        self.useBias = useBias
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init(
            try fields.int("filters", in: 1...65_536),
            kernelSize: Size2D(try fields.pair("kernel_size", in: 1...1024)))
        strides = try fields.size("strides", default: strides)
        padding = try fields.choice("padding", default: padding)
        dilationRate = try fields.size("dilation_rate", default: dilationRate)
        depthMultiplier = try fields.int("depth_multiplier", default: depthMultiplier, in: 1...1024)
        activation = try fields.choice("activation", default: activation)
        useBias = try fields.bool("use_bias", default: useBias)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("filters", .scalar(filters)),
            .init("kernel_size", kernelSize.encoded),
            .init("strides", strides.encoded),
            .init("padding", .scalar(padding.rawValue)),
            .init("dilation_rate", dilationRate.encoded),
            .init("depth_multiplier", .scalar(depthMultiplier)),
            .init("activation", .scalar(activation.rawValue)),
            .init("use_bias", .scalar(useBias)),
        ]
    }

    public func filters(for channels: Int) -> Int { filters }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal, made = signal.channels * depthMultiplier
        network.convolve(
            filters: made, kernel: kernelSize, strides: strides,
            windows: windows(signal.height, signal.width), dilation: dilationRate,
            groups: signal.channels, kernelName: "depthwise_kernel",
            kernelShape: [
                kernelSize.height, kernelSize.width, signal.channels, depthMultiplier,
            ], useBias: false, WeightOptions())
        let between = network.signal
        network.convolve(
            filters: filters, kernel: Size2D(1), strides: Size2D(1),
            windows: Windows(
                height: between.height, width: between.width, kernel: Size2D(1),
                strides: Size2D(1), padding: .valid),
            kernelName: "pointwise_kernel", kernelShape: [1, 1, made, filters], useBias: useBias,
            WeightOptions())
        try network.activate(activation.element)
    }
}
