// SPDX-License-Identifier: Apache-2.0
//
// What max and average pools have in common: Keras's fields, and where their windows lie.

import Configuration
import Tensors

/// A pool over windows of an image.
public protocol PoolingLayer: Layer {
    var poolSize: Size2D { get }
    var strides: Size2D { get }
    var padding: Padding { get }
}

extension PoolingLayer {
    /// - Parameter usual: The layer without fields.
    static func read(
        _ fields: inout Fields, _ usual: Self
    ) throws(ConfigError) -> (Size2D, strides: Size2D, Padding) {
        let pool = try fields.size("pool_size", default: usual.poolSize)
        let strides = try fields.size("strides", default: pool)
        return (pool, strides, try fields.choice("padding", default: usual.padding))
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("pool_size", poolSize.encoded),
            .init("strides", strides.encoded),
            .init("padding", .scalar(padding.rawValue)),
        ]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        guard input.rank == 3 else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "\(kerasName) takes images (height, width, channels), but its input is"
                    + " \(input); put it before Flatten")
        }
        let windows = windows(input[0], input[1])
        guard windows.fits else {
            throw LayerError(
                code: .shapeMismatch,
                detail:
                    "a \(poolSize) pool does not fit into the input \(input), the output would be"
                    + " empty; use a smaller pool_size, 'padding: same' or larger images")
        }
        return [windows.down.count, windows.across.count, input[2]]
    }

    func windows(_ height: Int, _ width: Int) -> Windows {
        Windows(height: height, width: width, kernel: poolSize, strides: strides, padding: padding)
    }
}
