// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The mean of each channel: `[H, W, C]` becomes `[C]`, or `[1, 1, C]` where dimensions are kept.
public struct GlobalAveragePooling2D: Layer, Hashable {
    public static let kerasName = "GlobalAveragePooling2D"

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
        guard input.rank == 3 else {
            throw LayerError(
                code: .shapeMismatch,
                detail:
                    "GlobalAveragePooling2D takes images (height, width, channels), but its input"
                    + " is \(input); put it in the place of Flatten")
        }
        return keepdims ? [1, 1, input[2]] : [input[2]]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let size = Size2D(network.signal.height, network.signal.width)
        network.averagePool(
            size: size, strides: Size2D(1),
            windows: Windows(
                height: size.height, width: size.width, kernel: size, strides: Size2D(1),
                padding: .valid))
        if !keepdims { network.flatten() }
    }
}
