// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `[H, W, C]` becomes `[H * W * C]`. Free: nothing moves, `Dense` reads the image as it lies.
public struct Flatten: Layer, Hashable {
    public static let kerasName = "Flatten"

    public init() {}

    public init(fields: inout Fields) throws(ConfigError) {}

    public var fields: [ConfigValue.Entry] { [] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { [input.count] }

    public func lower(into network: inout Lowering) throws(LayerError) { network.flatten() }
}

extension Lowering {
    mutating func flatten() { signal.isFlat = true }
}
