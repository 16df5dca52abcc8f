// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Shifts and scales each channel to mean 0 and deviation 1, then by what it has learnt.
///
/// In training the statistics are those of the block of 16 images that goes through the network together
/// ("ghost batch"), in evaluation and prediction the moving averages of the training. Weights: `gamma`
/// (ones) and `beta` (zeros), one for each channel, and `moving_mean` and `moving_variance`, which no
/// optimizer trains: each step moves them to the count-weighted mean of its blocks' statistics by
/// 1 - momentum of the way. With `trainable: false` it works in training as in evaluation, and all four stay.
public struct BatchNormalization: Layer, Hashable {
    public static let kerasName = "BatchNormalization"

    public var momentum: Double
    public var epsilon: Double
    /// Whether there is a `beta`, and a `gamma`.
    public var center: Bool, scale: Bool

    public init(
        momentum: Double = 0.99, epsilon: Double = 0.001, center: Bool = true, scale: Bool = true
    ) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        momentum = try fields.double("momentum", default: momentum, in: 0...1)
        epsilon = try fields.double("epsilon", default: epsilon, in: 1e-12...1)
        center = try fields.bool("center", default: center)
        scale = try fields.bool("scale", default: scale)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("momentum", .scalar(momentum)),
            .init("epsilon", .scalar(epsilon)),
            .init("center", .scalar(center)),
            .init("scale", .scalar(scale)),
        ]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.normalize(
            momentum: momentum, epsilon: Float(epsilon), center: center, scale: scale)
    }
}

extension Lowering {
    /// Normalises each channel, or each feature of a flattened image.
    mutating func normalize(
        momentum: Double, epsilon: Float, center: Bool, scale: Bool
    ) {
        widen()
        let (pixels, channels) = (signal.height * signal.width, signal.channels)
        let geometry = NormalizationGeometry(
            groups: signal.isFlat ? pixels : 1, pixels: signal.isFlat ? 1 : pixels, images: images,
            channels: signal.stored, epsilon: epsilon)
        func add(
            _ kind: String, _ initializer: Initializer,
            _ renewal: ParameterLayout.Renewal = .trained, if isThere: Bool = true
        ) -> Range<Int> {
            let end = parameters.last?.entry.range.upperBound ?? 0
            guard isThere else { return end..<end }
            return addParameter(
                kind, [geometry.groups * channels], .channels(channels, stored: signal.stored),
                initializer, renewal, count: geometry.statisticsCount)
        }
        let gamma = add("gamma", .ones, if: scale), beta = add("beta", .zeros, if: center)
        let mean = add("moving_mean", .zeros, .averaged(momentum: momentum))
        append(
            NormalizationStage(
                layer: layer, geometry: geometry, gamma: gamma, beta: beta, mean: mean,
                variance: add("moving_variance", .ones, .averaged(momentum: momentum)),
                isFrozen: !isTrainable))
    }
}
