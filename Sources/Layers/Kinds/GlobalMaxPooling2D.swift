// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The largest value of each channel: `[H, W, C]` becomes `[C]`, or `[1, 1, C]` where dimensions are kept.
public struct GlobalMaxPooling2D: Layer, Hashable {
    public static let kerasName = "GlobalMaxPooling2D"

    public var keepdims: Bool

    public init(keepdims: Bool = false) { self.keepdims = keepdims }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        keepdims = try fields.bool("keepdims", default: keepdims)
    }

    public var fields: [ConfigValue.Entry] {
        keepdims ? [.init("keepdims", .scalar(keepdims))] : []
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        try expectImages(input)
        return keepdims ? [1, 1, input[2]] : [input[2]]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let size = Size2D(network.signal.height, network.signal.width)
        try network.pool(
            size: size, strides: size,
            windows: Windows(
                height: size.height, width: size.width, kernel: size, strides: size,
                padding: .valid))
        if !keepdims { network.flatten() }
    }
}
