// SPDX-License-Identifier: Apache-2.0

import Tensors

extension Model {
    /// Starting weights as in Keras: kernels Glorot uniform, biases zero, normalisations the identity.
    ///
    /// The random numbers depend on the seed, the layer and a value's index in the tensor that users
    /// see, not on how it is stored. The padding is zero, and training keeps it so.
    ///
    /// - Parameter weights: Overwritten; `parameters.count` floats.
    /// - Source: Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward
    ///   neural networks".
    public func initialize(_ weights: MutableFloats, seed: UInt64) {
        expectFlat(weights.count)
        weights.update(repeating: 0)
        for parameter in tensors {
            if parameter.initial == .ones { parameter.forEachPlace { weights[$0] = 1 } }
            guard case .kernel(let placement) = parameter.placement else { continue }
            let isConvolution = parameter.entry.shape.rank == 4
            let fans = placement.fanIn + placement.fanOut(isConvolution: isConvolution)
            let limit = Float((6 / Double(fans)).squareRoot())
            let random = Philox(
                seed: seed, purpose: .initialWeights, UInt32(parameter.entry.layer))
            var index = 0
            var words = SIMD4<UInt32>()
            parameter.forEachPlace { place in
                if index % 4 == 0 { words = random.words(UInt64(index / 4)) }
                // The subtraction is exact, so that only the product rounds.
                weights[place] = (2 * words[index % 4].unitFloat - 1) * limit
                index += 1
            }
        }
    }

    func expectFlat(_ count: Int) {
        precondition(
            count == parameters.count,
            "the flat buffer holds \(count) floats, the model has \(parameters.count)")
    }
}
