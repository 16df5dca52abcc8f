// SPDX-License-Identifier: Apache-2.0
//
// Networks as they stand on the page.

import Layers

/// The layers of a network, from the images to the answer.
///
///     Sequential {
///         Rescaling(scale: 1 / 255)
///         Conv2D(32, kernelSize: 3, activation: .relu)
///         MaxPooling2D()
///         Flatten()
///         Dense(10)
///     }
///
/// A layer reads the one before it, unless it names others; so a network may have branches:
///
///     Sequential {
///         Conv2D(64, kernelSize: 3, padding: .same)
///         ReLU().named("start")
///         Conv2D(64, kernelSize: 3, padding: .same).named("main")
///         Add().reading("main", "start")
///         GlobalAveragePooling2D()
///         Dense(10)
///     }
///
/// `if`, `switch` and `for` may stand between the layers. Layers without a name have Keras's: `conv2d`, `conv2d_1`.
public struct Sequential: Sendable {
    public var nodes: [Node]

    public init(@LayerBuilder _ layers: () -> [Node]) { nodes = layers() }

    /// A known network, whose last layer has a unit for each class.
    public init(_ preset: Preset, classes: Int) { nodes = preset.nodes(classes: classes) }

    /// The same network, in which layers whose names match one of the patterns (`block1_*`) are not trained.
    ///
    /// - Throws: If a pattern matches none.
    public func freezing(_ patterns: String...) throws -> Sequential {
        var frozen = self
        frozen.nodes = try nodes.freezing(patterns)
        return frozen
    }
}

/// Makes a list of the layers that stand in a block.
@resultBuilder public enum LayerBuilder {
    public static func buildExpression(_ layer: any Layer) -> [Node] { [Node(layer)] }
    public static func buildExpression(_ node: Node) -> [Node] { [node] }
    public static func buildExpression(_ part: Sequential) -> [Node] { part.nodes }
    public static func buildBlock(_ parts: [Node]...) -> [Node] { Array(parts.joined()) }
    public static func buildArray(_ parts: [[Node]]) -> [Node] { Array(parts.joined()) }
    public static func buildOptional(_ part: [Node]?) -> [Node] { part ?? [] }
    public static func buildEither(first part: [Node]) -> [Node] { part }
    public static func buildEither(second part: [Node]) -> [Node] { part }
}

extension Layer {
    /// The layer under a name, by which others read it and its weights are found.
    public func named(_ name: String) -> Node { Node(self).named(name) }

    /// The layer, reading those of these names, not the one before it.
    public func reading(_ inputs: String...) -> Node { Node(self, inputs: inputs) }

    /// The layer, whose weights stay as they are.
    public func frozen() -> Node { Node(self).frozen() }
}

extension Node {
    /// The layer under a name, by which others read it and its weights are found.
    public func named(_ name: String) -> Node {
        var node = self
        node.name = name
        return node
    }

    /// The layer, reading those of these names, not the one before it.
    public func reading(_ inputs: String...) -> Node {
        var node = self
        node.inputs = inputs
        return node
    }

    /// The layer, whose weights stay as they are.
    public func frozen() -> Node {
        var node = self
        node.isTrainable = false
        return node
    }
}
