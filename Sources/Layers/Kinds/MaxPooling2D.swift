// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The largest value of each window: `[H, W, C]` becomes `[H', W', C]`.
public struct MaxPooling2D: Layer, Hashable {
    public static let kerasName = "MaxPooling2D"

    public var poolSize: Size2D
    public var strides: Size2D
    public var padding: Padding

    /// - Parameter strides: The pool's size if not given.
    public init(
        poolSize: Size2D = Size2D(2), strides: Size2D? = nil, padding: Padding = .valid
    ) {
        self.poolSize = poolSize
        self.strides = strides ?? poolSize
        self.padding = padding
    }

    public init(fields: inout Fields) throws(ConfigError) {
        let pool = try fields.pair("pool_size", default: (2, 2), in: 1...1024)
        poolSize = Size2D(pool)
        strides = Size2D(try fields.pair("strides", default: pool, in: 1...1024))
        padding = try fields.choice("padding", default: .valid)
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
                detail: "MaxPooling2D takes images (height, width, channels), but its input is"
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

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal
        try network.pool(
            size: poolSize, strides: strides, windows: windows(signal.height, signal.width))
    }

    private func windows(_ height: Int, _ width: Int) -> Windows {
        Windows(height: height, width: width, kernel: poolSize, strides: strides, padding: padding)
    }
}
