// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Shifts and scales the channels of each pixel, or all features of a flattened image, to mean 0 and deviation 1,
/// then each by what it has learnt.
///
/// Weights: `gamma` (ones) and `beta` (zeros), one for each channel or feature.
public struct LayerNormalization: Layer, Hashable {
    public static let kerasName = "LayerNormalization"

    public var epsilon: Double
    /// Whether there is a `beta`, and a `gamma`.
    public var center: Bool, scale: Bool

    public init(epsilon: Double = 0.001, center: Bool = true, scale: Bool = true) {
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        epsilon = try fields.double("epsilon", default: epsilon, in: 1e-12...1)
        center = try fields.bool("center", default: center)
        scale = try fields.bool("scale", default: scale)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("epsilon", .scalar(epsilon)),
            .init("center", .scalar(center)),
            .init("scale", .scalar(scale)),
        ]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.widen()
        let signal = network.signal, pixels = signal.height * signal.width
        network.normalizeGroups(
            GroupGeometry(
                sets: signal.isFlat ? 1 : pixels, pixels: signal.isFlat ? pixels : 1,
                images: network.images, stored: signal.stored, channels: signal.channels,
                hasPixelFactors: signal.isFlat && pixels > 1, epsilon: Float(epsilon)),
            center: center, scale: scale)
    }
}
