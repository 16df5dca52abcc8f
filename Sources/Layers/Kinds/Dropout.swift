// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// In training sets each element to zero with probability `rate` and scales the others by
/// `1 / (1 - rate)`; elsewhere it does nothing.
///
/// Which elements are dropped depends on the job's seed, the layer, the epoch and the image's position
/// in the epoch's order: never on the block or the worker that computes it.
public struct Dropout: Layer, Hashable {
    public static let kerasName = "Dropout"

    public var rate: Double

    public init(_ rate: Double) { self.rate = rate }

    public init(fields: inout Fields) throws(ConfigError) {
        rate = try fields.double("rate", in: 0...0.999)
    }

    public var fields: [ConfigValue.Entry] { [.init("rate", .scalar(rate))] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.drop(rate: Float(rate))
    }
}

extension Lowering {
    mutating func drop(rate: Float, wholeChannels: Bool = false) {
        guard rate > 0 else { return }
        widen()
        append(
            DropoutStage(
                layer: layer, rate: rate, pixels: signal.height * signal.width, images: images,
                storedChannels: signal.stored, liveChannels: signal.channels,
                dropsChannels: wholeChannels))
    }
}
