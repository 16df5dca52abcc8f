// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The channels of several layers, those of the first one first: `[H, W, C]` and `[H, W, D]` become
/// `[H, W, C + D]`.
public struct Concatenate: Layer, Hashable {
    public static let kerasName = "Concatenate"
    public static let inputCount = 2...Int.max

    public init() {}

    public init(fields: inout Fields) throws(ConfigError) {
        let line = fields.value("axis")?.line ?? 0
        let axis = try fields.int("axis", default: -1, in: -1...3)
        guard axis == -1 || axis == 3 else {
            throw ConfigError(
                code: .outOfRange, path: "\(fields.path).axis", line: line,
                detail: "found \(axis), expected -1, the axis of channels")
        }
    }

    public var fields: [ConfigValue.Entry] { [] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
        let images = inputs[0].extents.dropLast()
        if let other = inputs.first(where: { $0.extents.dropLast() != images }) {
            throw LayerError(
                code: .shapeMismatch,
                detail: "cannot join the channels of \(inputs[0]) and \(other); give both branches"
                    + " the same strides and padding")
        }
        return Shape(images + [inputs.reduce(0) { $0 + $1[$1.rank - 1] }])
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        try network.concatenate()
    }
}

extension Lowering {
    fileprivate mutating func concatenate() throws(LayerError) {
        widen()
        let parts = [signal] + branches
        guard !signal.isFlat || parts.allSatisfy({ $0.height * $0.width == 1 }) else {
            throw LayerError(
                code: .unsupported,
                detail: "a flattened image lies in memory as an image; join the channels before"
                    + " Flatten")
        }
        let channels = parts.reduce(0) { $0 + $1.channels }, stored = Self.padded(channels)
        let rows = signal.height * signal.width * images
        var slices: [ChannelSlice] = []
        for part in parts {
            slices.append(
                ChannelSlice(
                    rows: rows, live: part.channels, stored: part.stored,
                    first: slices.last.map { $0.first + $0.live } ?? 0, whole: stored))
        }
        append(ConcatenateStage(layer: layer, slices: slices), and: branches.map(\.value))
        signal.channels = channels
        signal.stored = stored
    }
}
