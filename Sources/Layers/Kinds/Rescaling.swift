// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `x * scale + offset`. As the first layer it is free: pixels are scaled as they are unpacked.
public struct Rescaling: Layer, Hashable {
    public static let kerasName = "Rescaling"

    public var scale: Double, offset: Double

    public init(scale: Double, offset: Double = 0) {
        self.scale = scale
        self.offset = offset
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init(scale: try fields.double("scale", in: -1e30...1e30))
        offset = try fields.double("offset", default: offset, in: -1e30...1e30)
    }

    public var fields: [ConfigValue.Entry] {
        [.init("scale", .scalar(scale)), .init("offset", .scalar(offset))]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.rescale(scale: Float(scale), offset: Float(offset))
    }
}

extension Lowering {
    mutating func rescale(scale: Float, offset: Float) {
        if stages.isEmpty, pixelScale == 1, pixelOffset == 0, !signal.isShared {
            (pixelScale, pixelOffset) = (scale, offset)
            return
        }
        append(AffineStage(layer: layer, scale: scale, offset: offset, rows: rows()))
    }
}
