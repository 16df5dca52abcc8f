// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// In training adds to each element a number from a normal distribution around zero; elsewhere it does nothing.
///
/// The numbers depend on the job's seed, the layer, the epoch and the image's position in the epoch's order, as
/// those of `Dropout` do.
public struct GaussianNoise: Layer, Hashable {
    public static let kerasName = "GaussianNoise"

    public var stddev: Double

    public init(_ stddev: Double) { self.stddev = stddev }

    public init(fields: inout Fields) throws(ConfigError) {
        stddev = try fields.double("stddev", in: 0...1e6)
    }

    public var fields: [ConfigValue.Entry] { [.init("stddev", .scalar(stddev))] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.disturb(deviation: Float(stddev))
    }
}

extension Lowering {
    fileprivate mutating func disturb(deviation: Float) {
        guard deviation > 0 else { return }
        widen()
        append(
            GaussianNoiseStage(
                layer: layer, deviation: deviation, pixels: signal.height * signal.width,
                images: images, storedChannels: signal.stored, liveChannels: signal.channels))
    }
}
