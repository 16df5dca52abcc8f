// SPDX-License-Identifier: Apache-2.0
//
// What every layer of a job can do. A new layer is one file in `Kinds` and one line in `LayerKinds`.

import Configuration
import Tensors

/// One entry of a job's `layers:` list, with Keras's name, fields and defaults.
///
/// A layer is a plain description: it holds no weights and no memory. `Model` gives it a name, asks
/// it for shapes and lowers it to the stages that compute.
public protocol Layer: Sendable {
    /// The name in job files and summaries: `Conv2D`.
    static var kerasName: String { get }

    /// How many layers it reads: one, unless it merges branches.
    static var inputCount: ClosedRange<Int> { get }

    /// Reads the layer's own fields; whoever calls reports the unknown ones.
    init(fields: inout Fields) throws(ConfigError)

    /// All fields with their resolved values, in Keras's order.
    var fields: [ConfigValue.Entry] { get }

    /// The shape of one image's output, without the batch axis.
    ///
    /// - Throws: A `LayerError` that names the input's shape and the cure; the caller adds the name.
    func outputShape(for input: Shape) throws(LayerError) -> Shape

    /// The same for a layer that merges branches; one shape for each.
    func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape

    /// Adds what the layer computes to `network`, whose signal has the shape asked about before.
    func lower(into network: inout Lowering) throws(LayerError)
}

extension Layer {
    public static var inputCount: ClosedRange<Int> { 1...1 }

    public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
        try outputShape(for: inputs[0])
    }

    public var kerasName: String { Self.kerasName }

    /// Keras's snake case, the stem of a layer's automatic name: `Conv2D` becomes `conv2d`, `ReLU`
    /// becomes `re_lu`, `MaxPooling2D` becomes `max_pooling2d`.
    static var stem: String { snakeCase(kerasName) }
}

/// A class's name as Keras writes it where it names a thing.
func snakeCase(_ name: String) -> String {
    var stem = ""
    var previous: Character?
    for (character, next) in zip(name, name.dropFirst() + "_") {
        let startsWord =
            character.isUppercase
            && (previous?.isLowercase == true
                || (previous?.isUppercase == true && next.isLowercase))
        if startsWord { stem.append("_") }
        stem.append(contentsOf: character.lowercased())
        previous = character
    }
    return stem
}
