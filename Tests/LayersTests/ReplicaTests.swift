// SPDX-License-Identifier: Apache-2.0

import Engines
import Layers
import Tensors
import Testing

@Suite struct ReplicaTests {
    static let layers: [any Layer] = [
        Rescaling(scale: 1 / 255), Conv2D(4, kernelSize: Size2D(3), activation: .relu),
        MaxPooling2D(), Conv2D(3, kernelSize: Size2D(3), activation: .sigmoid), Flatten(),
        Dropout(0.5), Dense(3),
    ]

    private func model(_ layers: [any Layer] = layers, shardSize: Int = 32) throws -> Model {
        try Model(
            layers: layers, input: [12, 11, 1], loss: .sparseCategoricalCrossentropy, classes: 3,
            shardSize: shardSize)
    }

    @Test func callbacksComeOnceAStageWithWeightsForwardAndBackward() throws {
        let trial = Trial(try model(), samples: 22, seed: 1)
        let stages = (0..<trial.model.stageCount).filter {
            !trial.model.parameterRange($0).isEmpty
        }
        var used: [Int] = [], finished: [Int] = []
        _ = try trial.train(willUse: { used.append($0) }, didFinish: { finished.append($0) })
        #expect(used == stages)
        #expect(finished == stages.reversed())
    }

    @Test func gradientIsFinalWhenItIsSaidToBe() throws {
        let trial = Trial(try model(), samples: 22, seed: 1)
        let expected = try trial.train().gradient
        var gradient = [Float](repeating: .nan, count: expected.count)
        let prepared = PreparedWeights(model: trial.model, kernels: Engine.best())
        let replica = Replica(model: trial.model, kernels: Engine.best())
        try trial.weights.withUnsafeBufferPointer { weights in
            try trial.pixels.withUnsafeBufferPointer { pixels in
                try trial.labels.withUnsafeBufferPointer { labels in
                    try gradient.withUnsafeMutableBufferPointer { gradient in
                        _ = try replica.train(
                            ShardInput(pixels: pixels, labels: labels, seed: trial.seed),
                            weights: weights, prepared: prepared, gradient: gradient,
                            // Weights prepared at the last moment are early enough.
                            willUse: { prepared.prepare(stage: $0, from: weights) },
                            didFinish: { stage in
                                let range = trial.model.parameterRange(stage)
                                #expect(
                                    bits(Array(gradient[range])) == bits(Array(expected[range])))
                            })
                    }
                }
            }
        }
    }

    @Test(arguments: 0..<24)
    func aGradientIsAddedToAnother(seed: Int) throws {
        let model = try Model.random(seed: UInt64(seed))
        let first = try Trial(model, samples: 22, seed: UInt64(seed)).train().gradient
        let trial = Trial(model, samples: 17, seed: UInt64(seed) + 1)
        let second = try trial.train().gradient
        let added = try trial.train(addingTo: first).gradient
        // Sums are formed in another order; of the largest value the difference is some roundings.
        #expect(relativeError(added, zip(first, second).map(+)) < 2e-6)
    }

    @Test(arguments: 0..<24)
    func emptyShardHasNoGradient(seed: Int) throws {
        let model = try Model.random(seed: UInt64(seed))
        let (metrics, gradient) = try Trial(model, samples: 0, seed: 1).train()
        #expect(metrics == ShardMetrics())
        #expect(gradient.allSatisfy { $0 == 0 })
    }

    @Test func infiniteLossNamesTheLastLayer() throws {
        var trial = Trial(try model(), samples: 3, seed: 1)
        trial.weights[trial.model.parameters.entries.last!.range.lowerBound] = .nan
        let error = #expect(throws: LayerError.self) { try trial.train() }
        #expect(error?.code == .notFinite)
        #expect(
            error?.description
                == "dense: the loss is nan; training diverges: lower the learning rate, or check the"
                + " images and the scale of Rescaling")
    }

    /// A comparison with NaN is false: no ReLU and no pool may swallow one.
    @Test(arguments: [true, false])
    func notANumberIsFoundWhereverItIs(winograd: Bool) throws {
        let model = try Model(
            layers: Self.layers, input: [12, 11, 1], loss: .sparseCategoricalCrossentropy,
            winograd: winograd)
        for entry in model.parameters.entries {
            var trial = Trial(model, samples: 17, seed: 1)
            trial.weights[entry.range.lowerBound] = .nan
            let error = #expect(throws: LayerError.self, "\(entry.name)") { try trial.train() }
            #expect(error?.code == .notFinite)
        }
    }

    @Test func infiniteGradientNamesItsLayer() throws {
        // A huge scale behind tiny weights: the loss is finite, the gradient of conv2d is not.
        let trial = Trial(
            try model([
                Conv2D(2, kernelSize: Size2D(3)), Flatten(),
                Rescaling(scale: 1e30), Dense(3),
            ]), samples: 3, seed: 1)
        var small = trial
        let kernel = trial.model.parameters.entries[0].range
        for i in kernel { small.weights[i] = 0 }
        for i in trial.model.parameters.entries[1].range { small.weights[i] = 0 }
        for i in trial.model.parameters.entries[2].range { small.weights[i] *= 1e8 }
        let error = #expect(throws: LayerError.self) { try small.train() }
        #expect(error?.code == .notFinite)
        #expect(error?.layer == "conv2d")
        #expect(error?.detail.hasPrefix("the gradient is not finite") == true)
    }

    @Test func wrongNumberOfPixelsTraps() async {
        await #expect(processExitsWith: .failure) {
            var trial = Trial(
                try Model(
                    layers: [Flatten(), Dense(2)], input: [2, 2, 1],
                    loss: .sparseCategoricalCrossentropy), samples: 3, seed: 1)
            trial.pixels.removeLast()
            _ = try trial.train()
        }
    }

    @Test func aShardOfMoreImagesThanMemoryIsLaidOutForTraps() async {
        await #expect(processExitsWith: .failure) {
            let model = try Model(
                layers: [Flatten(), Dense(2)], input: [2, 2, 1],
                loss: .sparseCategoricalCrossentropy, shardSize: 16)
            _ = try Trial(model, samples: 17, seed: 1).train()
        }
    }

    @Test func trainingLowersTheLoss() throws {
        var trial = Trial(try model(shardSize: 48), samples: 48, seed: 5)
        let before = try trial.evaluate()
        try trial.descend(UpdateRule(Adam(learningRate: 0.01)), steps: 60)
        let after = try trial.evaluate()
        #expect(after.lossSum < 0.8 * before.lossSum)
        #expect(after.correct > before.correct)
    }

    @Test func dropoutDependsOnSeedEpochAndPositionAlone() throws {
        let trial = Trial(try model(), samples: 7, seed: 1)
        let reference = try trial.train().gradient
        #expect(bits(try trial.train().gradient) == bits(reference))
        var other = trial
        other.epoch = 1
        #expect(bits(try other.train().gradient) != bits(reference))
        other = trial
        other.firstPosition = 1
        #expect(bits(try other.train().gradient) != bits(reference))
        other = trial
        other.seed = 2
        #expect(bits(try other.train().gradient) != bits(reference))
    }
}
