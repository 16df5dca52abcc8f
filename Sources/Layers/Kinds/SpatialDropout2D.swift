// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// In training sets whole channels of an image to zero with probability `rate` and scales the others by
/// `1 / (1 - rate)`; elsewhere it does nothing. Which ones is drawn as for `Dropout`.
public struct SpatialDropout2D: Layer, Hashable {
    public static let kerasName = "SpatialDropout2D"

    public var rate: Double

    public init(_ rate: Double) { self.rate = rate }

    public init(fields: inout Fields) throws(ConfigError) {
        rate = try fields.double("rate", in: 0...0.999)
    }

    public var fields: [ConfigValue.Entry] { [.init("rate", .scalar(rate))] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        try expectImages(input)
        return input
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.drop(rate: Float(rate), wholeChannels: true)
    }
}
