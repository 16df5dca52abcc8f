// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The same numbers, in the order of height, width and channel, as an image or as a list of features. Free where
/// the channels stay as many.
public struct Reshape: Layer, Hashable {
    public static let kerasName = "Reshape"

    /// One extent or three; one of them may be -1, for what is left.
    public var targetShape: [Int]

    public init(_ targetShape: [Int]) { self.targetShape = targetShape }

    public init(fields: inout Fields) throws(ConfigError) {
        let line = fields.value("target_shape")?.line ?? 0
        let numbers = try fields.numbers("target_shape", in: -1...1e9)
        targetShape = numbers.compactMap { Int(exactly: $0) }
        guard targetShape.count == numbers.count, [1, 3].contains(targetShape.count),
            !targetShape.contains(0), targetShape.count(where: { $0 < 0 }) < 2
        else {
            let found = targetShape.count == numbers.count ? "\(targetShape)" : "\(numbers)"
            throw ConfigError(
                code: .outOfRange, path: "\(fields.path).target_shape", line: line,
                detail: "found \(found), expected [features] or [height, width, channels]; one of"
                    + " them may be -1")
        }
    }

    public var fields: [ConfigValue.Entry] {
        [.init("target_shape", .list(targetShape.map { .scalar($0) }))]
    }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        let known = targetShape.reduce(1) { $1 < 0 ? $0 : $0 * $1 }
        let shape = Shape(targetShape.map { $0 < 0 ? input.count / known : $0 })
        guard shape.count == input.count else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "the input \(input) has \(input.count) values, \(shape) has"
                    + " \(shape.count); reshape to as many")
        }
        return shape
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        guard targetShape.count == 3 else { return network.flatten() }
        let shape = try outputShape(for: network.signal.shape)
        network.reshape(height: shape[0], width: shape[1], channels: shape[2])
    }
}
