// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Shifts and scales each group of an image's channels, over all its pixels, to mean 0 and deviation 1, then each
/// channel by what it has learnt.
///
/// Weights: `gamma` (ones) and `beta` (zeros), one for each channel.
public struct GroupNormalization: Layer, Hashable {
    public static let kerasName = "GroupNormalization"

    /// A divisor of the channels; -1 for as many as there are channels.
    public var groups: Int
    public var epsilon: Double
    /// Whether there is a `beta`, and a `gamma`.
    public var center: Bool, scale: Bool

    public init(
        groups: Int = 32, epsilon: Double = 0.001, center: Bool = true, scale: Bool = true
    ) {
        self.groups = groups
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        let line = fields.value("groups")?.line ?? 0
        groups = try fields.int("groups", default: groups, in: -1...1_048_576)
        if groups == 0 {
            throw ConfigError(
                code: .outOfRange, path: "\(fields.path).groups", line: line,
                detail: "found 0, expected a number of groups, or -1 for one a channel")
        }
        epsilon = try fields.double("epsilon", default: epsilon, in: 1e-12...1)
        center = try fields.bool("center", default: center)
        scale = try fields.bool("scale", default: scale)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("groups", .scalar(groups)),
            .init("epsilon", .scalar(epsilon)),
            .init("center", .scalar(center)),
            .init("scale", .scalar(scale)),
        ]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        let channels = input[input.rank - 1]
        guard groups < 0 || channels % groups == 0 else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "\(groups) groups do not divide the \(channels) channels of the input"
                    + " \(input); choose a divisor")
        }
        return input
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.widen()
        let signal = network.signal, pixels = signal.height * signal.width
        guard !signal.isFlat || pixels == 1 else {
            throw LayerError(
                code: .unsupported,
                detail:
                    "groups of a flattened image \(signal.shape); put it before Flatten, or take"
                    + " LayerNormalization")
        }
        network.normalizeGroups(
            GroupGeometry(
                pixels: pixels, images: network.images, stored: signal.stored,
                channels: signal.channels, groups: groups < 0 ? signal.channels : groups,
                epsilon: Float(epsilon)),
            center: center, scale: scale)
    }
}
