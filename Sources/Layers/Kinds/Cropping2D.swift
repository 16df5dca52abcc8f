// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// An image without its edges: `[H, W, C]` becomes `[H - top - bottom, W - left - right, C]`.
public struct Cropping2D: Layer, Hashable {
    public static let kerasName = "Cropping2D"

    public var cropping: Margins

    public init(_ cropping: Margins = Margins(0)) { self.cropping = cropping }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        cropping = try fields.margins("cropping", default: cropping)
    }

    public var fields: [ConfigValue.Entry] { [.init("cropping", cropping.encoded)] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        try expectImages(input)
        guard cropping.height < input[0], cropping.width < input[1] else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "cropping \(cropping) leaves nothing of the input \(input); crop less")
        }
        return [input[0] - cropping.height, input[1] - cropping.width, input[2]]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal
        network.frame(
            Frame(
                inputHeight: signal.height, inputWidth: signal.width,
                outputHeight: signal.height - cropping.height,
                outputWidth: signal.width - cropping.width, top: cropping.top, left: cropping.left)
        )
    }
}
