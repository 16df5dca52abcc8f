// SPDX-License-Identifier: Apache-2.0

import Engines
import Layers
import Tensors
import Testing

/// Layers that are not trained, and those that another model lends its weights to.
@Suite struct FrozenTests {
    private static let front: [any Layer] = [
        Conv2D(16, kernelSize: Size2D(3), padding: .same), BatchNormalization(), ReLU(),
        Conv2D(18, kernelSize: Size2D(3), activation: .relu),
        SeparableConv2D(17, kernelSize: Size2D(3)), LayerNormalization(),
    ]

    private static func model(_ layers: [any Layer], freezing patterns: [String]) throws -> Model {
        try Model(
            nodes: layers.map { Node($0) }.freezing(patterns), input: [9, 8, 3],
            loss: .sparseCategoricalCrossentropy, shardSize: 32)
    }

    /// Nobody goes back through them, and behind them nothing changes by that.
    @Test func layersBeforeAllThatIsTrainedHaveNoGradient() throws {
        let tail: [any Layer] = [
            Conv2D(20, kernelSize: Size2D(3)), Flatten(), Dense(3),
        ]
        // Frozen at the front alone, a batch normalisation has other statistics: so it is left out.
        let layers = Self.front.filter { !($0 is BatchNormalization) } + tail
        let names = ["conv2d", "conv2d_1", "separable_*", "layer_normalization"]
        let frozen = Trial(try Self.model(layers, freezing: names), samples: 22, seed: 4)
        let trained = Trial(try Self.model(layers, freezing: []), samples: 22, seed: 4)
        #expect(frozen.weights == trained.weights)
        var finished: [Int] = []
        let found = try frozen.train(didFinish: { finished.append($0) })
        let expected = try trained.train()
        #expect(found.metrics.lossSum == expected.metrics.lossSum)
        for entry in frozen.model.parameters.entries {
            let isFrozen = entry.renewal == .frozen
            #expect(isFrozen != (entry.name.hasPrefix("conv2d_2") || entry.name.hasPrefix("dense")))
            let gradient = found.gradient[entry.range]
            if isFrozen {
                #expect(gradient.allSatisfy { $0 == 0 }, "\(entry.name)")
            } else {
                #expect(bits(Array(gradient)) == bits(Array(expected.gradient[entry.range])))
            }
        }
        // Whoever waits for a stage's gradient is told of each, all the same.
        let weighted = (0..<frozen.model.stageCount).filter {
            !frozen.model.parameterRange($0).isEmpty
        }
        #expect(finished == weighted.reversed())
        #expect(try frozen.train(addingTo: found.gradient).gradient.allSatisfy(\.isFinite))
    }

    @Test(arguments: Engine.available.indices)
    func aFrozenBatchNormalizationIsAsInEvaluation(_ engine: Int) throws {
        let layers = Self.front + [Flatten(), Dense(3)]
        let trial = Trial(try Self.model(layers, freezing: ["batch_*"]), samples: 7, seed: 2)
        let kernels = Engine.available[engine]
        let training = try trial.train(kernels)
        // Folded into the convolution it is rounded otherwise.
        let evaluation = try trial.evaluate(kernels)
        #expect(
            abs(training.metrics.lossSum - evaluation.lossSum) <= 1e-5 * evaluation.lossSum)
        let moving = trial.model.parameters.entries.filter { $0.name.contains("/moving_") }
        #expect(moving.count == 2)
        for entry in moving { #expect(training.gradient[entry.range].allSatisfy { $0 == 0 }) }
        let free = Trial(try Self.model(layers, freezing: []), samples: 7, seed: 2)
        #expect(try free.train(kernels).metrics.lossSum != training.metrics.lossSum)
    }

    @Test(arguments: [
        ("conv2d", ["conv2d"]), ("conv2d*", ["conv2d", "conv2d_1"]), ("*_1", ["conv2d_1"]),
        ("?onv2d", ["conv2d"]), ("c*2*_*", ["conv2d_1"]), ("conv2d?1", ["conv2d_1"]),
        ("*", ["conv2d", "conv2d_1", "flatten", "dense"]), ("*en*", ["flatten", "dense"]),
    ])
    func patternsNameLayers(pattern: String, names: [String]) throws {
        let nodes = try [
            Node(Conv2D(1, kernelSize: Size2D(1))),
            Node(Conv2D(1, kernelSize: Size2D(1))), Node(Flatten()), Node(Dense(2)),
        ].freezing([pattern])
        let all = ["conv2d", "conv2d_1", "flatten", "dense"]
        #expect(zip(all, nodes).filter { !$1.isTrainable }.map(\.0) == names)
    }

    @Test func aPatternThatNamesNothingIsToldTheNames() {
        let error = #expect(throws: LayerError.self) {
            try [Node(Flatten()), Node(Dense(2))].freezing(["dense", "conv*"])
        }
        #expect(
            error?.description == "no layer is called 'conv*'; the layers are flatten, dense")
    }
}

@Suite struct TransferTests {
    private static func model(units: Int, filters: Int = 5) throws -> Model {
        try Model(
            nodes: [
                Node(Conv2D(filters, kernelSize: Size2D(3))), Node(BatchNormalization()),
                Node(Flatten()), Node(Dense(4), name: "between"), Node(Dense(units)),
            ], input: [5, 6, 1], loss: .sparseCategoricalCrossentropy)
    }

    /// No two models' biases are equal, either.
    private static func weights(_ model: Model, seed: UInt64) -> [Float] {
        var flat = [Float](repeating: .nan, count: model.parameters.count)
        flat.withUnsafeMutableBufferPointer { model.initialize($0, seed: seed) }
        return flat.map { $0 + Float(seed) }
    }

    private static func tensors(_ model: Model, _ weights: [Float]) -> [NamedTensor] {
        weights.withUnsafeBufferPointer { model.exportTensors($0) }
    }

    @Test func layersThatFitAreTaken() throws {
        let (old, new) = (try Self.model(units: 10), try Self.model(units: 3))
        let given = Self.tensors(old, Self.weights(old, seed: 1))
        var flat = Self.weights(new, seed: 2)
        let before = Self.tensors(new, flat)
        let mismatches = flat.withUnsafeMutableBufferPointer {
            new.importLayers(
                given + [("head/kernel", [1], [5]), ("head/bias", [1], [5])], into: $0)
        }
        #expect(
            mismatches.map(\.description) == [
                "dense has a kernel of (4, 10) in the file and of (4, 3) here",
                "head is not in this model",
            ])
        #expect(mismatches.map(\.isInModel) == [true, false])
        let after = Self.tensors(new, flat)
        for (index, tensor) in after.enumerated() {
            // A bias belongs to its kernel.
            let source = tensor.name.hasPrefix("dense/") ? before : given
            #expect(bits(tensor.values) == bits(source[index].values), "\(tensor.name)")
        }
    }

    @Test func aLayerComesAsAWholeOrNotAtAll() throws {
        let model = try Self.model(units: 3)
        let given = Self.tensors(model, Self.weights(model, seed: 1))
        var flat = Self.weights(model, seed: 2)
        let before = flat
        let mismatches = flat.withUnsafeMutableBufferPointer {
            model.importLayers(
                given.filter { $0.name == "conv2d/kernel" }
                    + [
                        ("dense/kernel", [4, 3], given[8].values),
                        ("dense/bias", [3], [1, 2, 3]), ("dense/scale", [1], [1]),
                    ], into: $0)
        }
        #expect(
            mismatches.map(\.description) == [
                "conv2d has no bias in the file", "batch_normalization is not in the file",
                "between is not in the file", "dense has 'dense/scale' in the file, and not here",
            ])
        #expect(bits(flat) == bits(before))
    }
}
