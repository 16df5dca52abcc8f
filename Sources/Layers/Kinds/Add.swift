// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The sum of two layers of one shape: where a residual branch comes back.
public struct Add: Layer, Hashable {
    public static let kerasName = "Add"
    public static let inputCount = 2

    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}
    public var fields: [ConfigValue.Entry] { [] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
        guard inputs[0] == inputs[1] else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "cannot add \(inputs[0]) and \(inputs[1]); give both branches the same"
                    + " filters and strides, the shortcut by a Conv2D with kernel_size: 1")
        }
        return inputs[0]
    }

    public func lower(into network: inout Lowering) throws(LayerError) { try network.add() }
}
