// SPDX-License-Identifier: Apache-2.0
//
// Weights as users know them: Keras's names, shapes and order.

import Tensors

/// A parameter outside the engine: `conv2d/kernel`, `[3, 3, 1, 32]` (height, width, inputs, filters), or
/// `dense/kernel`, `[inputs, units]`; values in row-major order.
public typealias NamedTensor = (name: String, shape: Shape, values: [Float])

extension Model {
    /// All parameters, unpadded.
    ///
    /// - Parameter weights: The flat buffer, `parameters.count` floats.
    public func exportTensors(_ weights: Floats) -> [NamedTensor] {
        expectFlat(weights.count)
        return tensors.map { parameter in
            var values: [Float] = []
            values.reserveCapacity(parameter.entry.shape.count)
            parameter.forEachPlace { values.append(weights[$0]) }
            return (parameter.entry.name, parameter.entry.shape, values)
        }
    }

    /// Puts tensors, in any order, into the flat buffer; padding becomes zero.
    ///
    /// - Parameter weights: Overwritten; `parameters.count` floats.
    /// - Throws: If a tensor is missing, unknown, given twice or has another shape; `weights` is
    ///   undefined then.
    public func importTensors(
        _ given: [NamedTensor], into weights: MutableFloats
    ) throws(LayerError) {
        expectFlat(weights.count)
        weights.update(repeating: 0)
        for tensor in given where !tensors.contains(where: { $0.entry.name == tensor.name }) {
            throw LayerError(
                code: .tensorMismatch, layer: tensor.name,
                detail: "is no parameter of this model, which has"
                    + " \(tensors.map(\.entry.name).joined(separator: ", "))")
        }
        for parameter in tensors {
            let entry = parameter.entry
            let named = given.filter { $0.name == entry.name }
            guard let tensor = named.first, named.count == 1 else {
                throw LayerError(
                    code: .tensorMismatch, layer: entry.name,
                    detail:
                        "found \(named.count) times among \(given.count) tensors, expected once with"
                        + " shape \(entry.shape); is this the file of another model?")
            }
            guard tensor.shape == entry.shape, tensor.values.count == entry.shape.count else {
                throw LayerError(
                    code: .tensorMismatch, layer: entry.name,
                    detail:
                        "found shape \(tensor.shape) with \(tensor.values.count) values, expected"
                        + " \(entry.shape); is this the file of another model?")
            }
            parameter.put(tensor.values, into: weights)
        }
    }
}
