// SPDX-License-Identifier: Apache-2.0

import Tensors

extension Model {
    /// Starting weights, by the initializers of the layers.
    ///
    /// The random numbers depend on the seed, the layer and a value's index in the tensor that users
    /// see, not on how it is stored. The padding is zero, and training keeps it so.
    ///
    /// - Parameter weights: Overwritten; `parameters.count` floats.
    public func initialize(_ weights: MutableFloats, seed: UInt64) {
        expectFlat(weights.count)
        weights.update(repeating: 0)
        for (index, parameter) in tensors.enumerated() {
            let layer = parameter.entry.layer
            // The first of a layer, its kernel, has stream 0.
            let stream = index - (tensors.firstIndex { $0.entry.layer == layer } ?? index)
            var values = InitialValues(
                parameter.initializer, parameter.entry.shape,
                Philox(seed: seed, purpose: .initialWeights, UInt32(layer), UInt32(stream)))
            parameter.forEachPlace { weights[$0] = values.next() }
        }
    }

    func expectFlat(_ count: Int) {
        precondition(
            count == parameters.count,
            "the flat buffer holds \(count) floats, the model has \(parameters.count)")
    }
}
