// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// A 2D convolution: `filters` kernels slide over `[H, W, C]` and make `[H', W', filters]`.
///
/// Weights: `kernel` `[kernelHeight, kernelWidth, C / groups, filters]`, and `bias` `[filters]`.
public struct Conv2D: ConvolutionLayer, Hashable {
    public static let kerasName = "Conv2D"

    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var dilationRate: Size2D
    /// Channels and filters are cut into so many groups, each for itself.
    public var groups: Int
    public var activation: ActivationFunction
    public var useBias: Bool
    public var weights: WeightOptions

    public init(
        _ filters: Int, kernelSize: Size2D, strides: Size2D = Size2D(1), padding: Padding = .valid,
        dilationRate: Size2D = Size2D(1), groups: Int = 1,
        activation: ActivationFunction = .linear, useBias: Bool = true,
        weights: WeightOptions = WeightOptions()
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilationRate = dilationRate
        self.groups = groups
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
        dilationRate = try fields.size("dilation_rate", default: dilationRate)
        groups = try fields.int("groups", default: groups, in: 1...65_536)
        activation = try fields.choice("activation", default: activation)
        useBias = try fields.bool("use_bias", default: useBias)
        weights = try WeightOptions(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("filters", .scalar(filters)),
            .init("kernel_size", kernelSize.encoded),
            .init("strides", strides.encoded),
            .init("padding", .scalar(padding.rawValue)),
            .init("dilation_rate", dilationRate.encoded),
            .init("groups", .scalar(groups)),
            .init("activation", .scalar(activation.rawValue)),
            .init("use_bias", .scalar(useBias)),
        ] + weights.fields
    }

    public func filters(for channels: Int) throws(LayerError) -> Int {
        guard channels % groups == 0, filters % groups == 0 else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "\(channels) channels and \(filters) filters cannot be cut into \(groups)"
                    + " groups; use groups that divide both")
        }
        return filters
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        try weights.checkConstraint(over: [0, 1, 2])
        let signal = network.signal
        network.convolve(
            filters: filters, kernel: kernelSize, strides: strides,
            windows: windows(signal.height, signal.width), dilation: dilationRate, groups: groups,
            kernelShape: [
                kernelSize.height, kernelSize.width, signal.channels / groups, filters,
            ], useBias: useBias, weights)
        try network.activate(activation.element)
    }
}
