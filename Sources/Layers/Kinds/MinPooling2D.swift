// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The smallest value of each window: `[H, W, C]` becomes `[H', W', C]`. What `-MaxPooling2D(-x)` would be; Keras
/// has no layer for it.
public struct MinPooling2D: PoolingLayer, Hashable {
    public static let kerasName = "MinPooling2D"

    public var poolSize: Size2D
    public var strides: Size2D
    public var padding: Padding

    /// - Parameter strides: The pool's size if not given.
    public init(
        _ poolSize: Size2D = Size2D(2), strides: Size2D? = nil, padding: Padding = .valid
    ) {
        self.poolSize = poolSize
        self.strides = strides ?? poolSize
        self.padding = padding
    }

    public init(fields: inout Fields) throws(ConfigError) {
        (poolSize, strides, padding) = try Self.read(&fields, Self())
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        let signal = network.signal
        try network.pool(
            size: poolSize, strides: strides, windows: windows(signal.height, signal.width),
            smallest: true)
    }
}
