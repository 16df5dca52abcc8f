// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The sum of layers of one shape: where a residual branch comes back.
public struct Add: Layer, Hashable {
    public static let kerasName = "Add"
    public static let inputCount = 2...Int.max

    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}
    public var fields: [ConfigValue.Entry] { [] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
        if let other = inputs.first(where: { $0 != inputs[0] }) {
            throw LayerError(
                code: .shapeMismatch,
                detail: "cannot add \(inputs[0]) and \(other); give both branches the same"
                    + " filters and strides, the shortcut by a Conv2D with kernel_size: 1")
        }
        return inputs[0]
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        for branch in network.branches { try network.add(branch) }
    }
}

extension Lowering {
    /// Adds another branch. A normalisation that has just been computed adds it as it writes.
    fileprivate mutating func add(_ other: Signal) throws(LayerError) {
        var branch = other
        guard (signal.height, signal.width) == (branch.height, branch.width),
            signal.stored == branch.stored
        else {
            throw LayerError(
                code: .unsupported,
                detail: "one input lies in memory as an image \(signal.height)x\(signal.width), the"
                    + " other as \(branch.height)x\(branch.width); add before Flatten")
        }
        if branch.value > signal.value { (signal, branch) = (branch, signal) }
        if var normalization = openStage(NormalizationStage.self),
            normalization.geometry.activation == .linear, !normalization.geometry.hasAddend,
            wantsGradient[inputs[stages.count - 1][0]]
        {
            normalization.geometry.hasAddend = true
            replaceLast(by: normalization, reading: branch.value)
            return
        }
        append(
            AddStage(layer: layer, count: signal.height * signal.width * images * signal.stored),
            and: [branch.value])
    }
}
