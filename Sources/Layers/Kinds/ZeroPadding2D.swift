// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Zeros around an image: `[H, W, C]` becomes `[H + top + bottom, W + left + right, C]`.
///
/// Before a convolution it is free: that leaves out what lies in the margins.
public struct ZeroPadding2D: Layer, Hashable {
    public static let kerasName = "ZeroPadding2D"

    public var padding: Margins

    public init(_ padding: Margins = Margins(1)) { self.padding = padding }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        padding = try fields.margins("padding", default: padding)
    }

    public var fields: [ConfigValue.Entry] { [.init("padding", padding.encoded)] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        try expectImages(input)
        return [input[0] + padding.height, input[1] + padding.width, input[2]]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal
        network.frame(
            Frame(
                inputHeight: signal.height, inputWidth: signal.width,
                outputHeight: signal.height + padding.height,
                outputWidth: signal.width + padding.width, top: -padding.top, left: -padding.left))
    }
}
