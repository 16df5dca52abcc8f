// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// A 2D convolution of each channel for itself: `[H, W, C]` becomes `[H', W', C * depthMultiplier]`.
///
/// Channel `c` becomes the outputs `c * depthMultiplier` and those after it. Weights: `kernel`
/// `[kernelHeight, kernelWidth, C, depthMultiplier]`, Glorot uniform, and `bias`, one an output, zero.
public struct DepthwiseConv2D: ConvolutionLayer, Hashable {
    public static let kerasName = "DepthwiseConv2D"

    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    /// Filters a channel.
    public var depthMultiplier: Int
    public var dilationRate: Size2D
    public var activation: ActivationFunction
    public var useBias: Bool

    public init(
        _ kernelSize: Size2D, strides: Size2D = Size2D(1), padding: Padding = .valid,
        depthMultiplier: Int = 1, dilationRate: Size2D = Size2D(1),
        activation: ActivationFunction = .linear, useBias: Bool = true
    ) {
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.depthMultiplier = depthMultiplier
        self.dilationRate = dilationRate
        self.activation = activation
        self.useBias = useBias
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init(Size2D(try fields.pair("kernel_size", in: 1...1024)))
        strides = try fields.size("strides", default: strides)
        padding = try fields.choice("padding", default: padding)
        depthMultiplier = try fields.int("depth_multiplier", default: depthMultiplier, in: 1...1024)
        dilationRate = try fields.size("dilation_rate", default: dilationRate)
        activation = try fields.choice("activation", default: activation)
        useBias = try fields.bool("use_bias", default: useBias)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("kernel_size", kernelSize.encoded),
            .init("strides", strides.encoded),
            .init("padding", .scalar(padding.rawValue)),
            .init("depth_multiplier", .scalar(depthMultiplier)),
            .init("dilation_rate", dilationRate.encoded),
            .init("activation", .scalar(activation.rawValue)),
            .init("use_bias", .scalar(useBias)),
        ]
    }

    public func filters(for channels: Int) -> Int { channels * depthMultiplier }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal
        network.convolve(
            filters: filters(for: signal.channels), kernel: kernelSize, strides: strides,
            windows: windows(signal.height, signal.width), dilation: dilationRate,
            groups: signal.channels,
            kernelShape: [
                kernelSize.height, kernelSize.width, signal.channels, depthMultiplier,
            ], useBias: useBias, WeightOptions())
        try network.activate(activation.element)
    }
}
