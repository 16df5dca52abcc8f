// SPDX-License-Identifier: Apache-2.0

import Engines
import Layers
import Tensors
import Testing

/// Whoever multiplies the factors of a shard has the bits of who computed it.
@Suite struct FactoredGradientTests {
    private static func model(
        _ image: Int, units: Int, useBias: Bool = true
    ) throws -> Model {
        try Model(
            layers: [
                Rescaling(scale: 1 / 255),
                Conv2D(16, kernelSize: Size2D(3), activation: .relu), Flatten(),
                Dense(units, activation: .relu, useBias: useBias), Dense(3),
            ], input: [image, image, 3], loss: .sparseCategoricalCrossentropy)
    }

    @Test(arguments: [1, 7, 16, 17, 22, 32], [33, 40, 100])
    func partsAreTheGradient(samples: Int, units: Int) throws {
        for useBias in [true, false] {
            let model = try Self.model(9, units: units, useBias: useBias)
            let stage = try #require(
                (0..<model.stageCount).first {
                    model.factoredGradient(ofStage: $0)?.parameters.count ?? 0 > 1000
                })
            let factored = try #require(model.factoredGradient(ofStage: stage))
            let trial = Trial(model, samples: samples, seed: UInt64(samples))
            let expected = try trial.train()
            for kernels in Engine.available {
                let sent = try trial.train(
                    kernels, factored: { $0 == stage ? factored : nil })
                #expect(sent.metrics == expected.metrics)
                let start = factored.parameters.lowerBound
                let factors = Array(
                    sent.gradient[start..<start + factored.count(samples: samples)])
                #expect(factors.count < factored.parameters.count)
                var made = [Float](repeating: .nan, count: factored.parameters.count)
                // So that parts begin and end within blocks of outputs, and within pixels.
                for place in stride(from: 0, to: made.count, by: 128 * 37) {
                    let place = place..<min(place + 128 * 37, made.count)
                    factors.withUnsafeBufferPointer { factors in
                        made.withUnsafeMutableBufferPointer {
                            factored.make(
                                start + place.lowerBound..<start + place.upperBound, of: factors,
                                samples: samples, kernels,
                                into: MutableFloats(rebasing: $0[place]))
                        }
                    }
                }
                #expect(bits(made) == bits(Array(expected.gradient[factored.parameters])))
                // All others are as they were.
                #expect(
                    bits(Array(sent.gradient[..<start])) == bits(Array(expected.gradient[..<start]))
                )
            }
        }
    }

    @Test func onlyLayersThatSumAtOnceHaveFactors() throws {
        let model = try Self.model(9, units: 40)
        let found = (0..<model.stageCount).map { model.factoredGradient(ofStage: $0) != nil }
        // The convolution has a map of 7x7 pixels, the last layer fewer weights than there are numbers in rows.
        #expect(found == [false, true, false])
    }
}
