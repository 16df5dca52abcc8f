// SPDX-License-Identifier: Apache-2.0

import Layers
import Tensors
import Testing

@Suite struct ModelTensorsTests {
    private let model: Model

    init() throws {
        model = try Model(
            layers: [
                Conv2D(17, kernelSize: Size2D(3, 2)), MaxPooling2D(), Flatten(),
                Dense(3),
            ], input: [7, 6, 2], loss: .sparseCategoricalCrossentropy)
    }

    private func weights(seed: UInt64) -> [Float] {
        var flat = [Float](repeating: .nan, count: model.parameters.count)
        flat.withUnsafeMutableBufferPointer { model.initialize($0, seed: seed) }
        return flat
    }

    private func message(_ tensors: [NamedTensor]) -> String? {
        var flat = [Float](repeating: 0, count: model.parameters.count)
        return #expect(throws: LayerError.self) {
            try flat.withUnsafeMutableBufferPointer { try model.importTensors(tensors, into: $0) }
        }?.description
    }

    @Test func exportedTensorsReadBackInAnyOrder() throws {
        let flat = weights(seed: 1)
        var again = [Float](repeating: .nan, count: flat.count)
        try again.withUnsafeMutableBufferPointer { again in
            let tensors = flat.withUnsafeBufferPointer { model.exportTensors($0) }
            try model.importTensors(tensors.reversed(), into: again)
        }
        #expect(bits(again) == bits(flat))
    }

    @Test func mistakesNameTensorAndShapes() {
        let tensors = weights(seed: 1).withUnsafeBufferPointer { model.exportTensors($0) }
        #expect(
            message(Array(tensors.dropFirst()))
                == "conv2d/kernel: found 0 times among 3 tensors, expected once with shape"
                + " (3, 2, 2, 17); is this the file of another model?")
        #expect(
            message(tensors + [("conv2d_1/bias", [4], [0, 0, 0, 0])])
                == "conv2d_1/bias: is no parameter of this model, which has conv2d/kernel,"
                + " conv2d/bias, dense/kernel, dense/bias")
        var wrong = tensors
        wrong[1].shape = [16]
        #expect(
            message(wrong)
                == "conv2d/bias: found shape (16) with 17 values, expected (17); is this the file of"
                + " another model?")
    }

    @Test func kernelsAreGlorotUniformAndBiasesZero() {
        let tensors = model.tensors(weights(seed: 1))
        // Keras: sqrt(6 / (3 * 2 * 2 + 3 * 2 * 17)) and sqrt(6 / (102 + 3)).
        for (name, fans) in [("conv2d/kernel", 114), ("dense/kernel", 2 * 2 * 17 + 3)] {
            let limit = Float((6 / Double(fans)).squareRoot())
            let values = tensors[name]!
            #expect(values.allSatisfy { abs($0) <= limit })
            // A uniform mean of n numbers has a deviation of limit / sqrt(3 n).
            let mean = values.reduce(0, +) / Float(values.count)
            #expect(abs(mean) < 4 * limit / (3 * Float(values.count)).squareRoot())
            #expect(values.contains { $0 > 0.9 * limit } && values.contains { $0 < -0.9 * limit })
        }
        #expect(tensors["conv2d/bias"]!.allSatisfy { $0 == 0 })
        #expect(tensors["dense/bias"]!.allSatisfy { $0 == 0 })
    }

    @Test func seedsAndLayersDiffer() {
        #expect(weights(seed: 1) == weights(seed: 1))
        #expect(weights(seed: 1) != weights(seed: 2))
        let tensors = model.tensors(weights(seed: 1))
        #expect(tensors["conv2d/kernel"]!.prefix(8) != tensors["dense/kernel"]!.prefix(8))
    }

    @Test func paddingOfInitialWeightsIsZero() throws {
        let flat = weights(seed: 1)
        #expect(try model.withoutPadding(flat) == flat)
    }
}
