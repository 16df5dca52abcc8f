// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `size` pixels in the place of each: `[H, W, C]` becomes `[H * size, W * size, C]`.
public struct UpSampling2D: Layer, Hashable {
    public static let kerasName = "UpSampling2D"

    public enum Interpolation: String, CaseIterable, Sendable {
        case nearest, bilinear
    }

    public var size: Size2D
    public var interpolation: Interpolation

    public init(_ size: Size2D = Size2D(2), interpolation: Interpolation = .nearest) {
        self.size = size
        self.interpolation = interpolation
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        size = try fields.size("size", default: size)
        interpolation = try fields.choice("interpolation", default: interpolation)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("size", size.encoded),
            .init("interpolation", .scalar(interpolation.rawValue)),
        ]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        try expectImages(input)
        return [input[0] * size.height, input[1] * size.width, input[2]]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        network.upsample(size, bilinear: interpolation == .bilinear)
    }
}
