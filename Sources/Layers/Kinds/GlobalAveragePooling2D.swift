// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The mean of each channel: `[H, W, C]` becomes `[C]`.
public struct GlobalAveragePooling2D: Layer, Hashable {
    public static let kerasName = "GlobalAveragePooling2D"

    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}
    public var fields: [ConfigValue.Entry] { [] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        guard input.rank == 3 else {
            throw LayerError(
                code: .shapeMismatch,
                detail:
                    "GlobalAveragePooling2D takes images (height, width, channels), but its input"
                    + " is \(input); put it in the place of Flatten")
        }
        return [input[2]]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let size = Size2D(network.signal.height, network.signal.width)
        network.averagePool(
            size: size, strides: Size2D(1),
            windows: Windows(
                height: size.height, width: size.width, kernel: size, strides: Size2D(1),
                padding: .valid))
        network.flatten()
    }
}
