// SPDX-License-Identifier: Apache-2.0

import Engines
import Layers
import Tensors
import Testing

/// Nothing but the job decides about the bits.
@Suite struct SameBitsTests {
    @Test(arguments: 0..<24, [1, 7, 17, 22])
    func kernelSetsAgree(seed: Int, samples: Int) throws {
        let trial = Trial(
            try Model.random(seed: UInt64(seed)), samples: samples, seed: UInt64(seed))
        let best = try trial.train()
        for kernels in Engine.available {
            let other = try trial.train(kernels)
            #expect(other.metrics == best.metrics, "\(kernels.name)")
            #expect(bits(other.gradient) == bits(best.gradient), "\(kernels.name)")
            #expect(bits(trial.predict(kernels)) == bits(trial.predict()), "\(kernels.name)")
        }
    }

    @Test func kernelSetsAgreeOnBlocksOfEight() throws {
        let model = try Model(
            layers: [
                Rescaling(scale: 1 / 255), Conv2D(16, kernelSize: Size2D(1)),
                MaxPooling2D(Size2D(16)), Flatten(), Dense(3),
            ], input: [257, 256, 1], loss: .sparseCategoricalCrossentropy)
        #expect(model.blockSize == 8)
        let trial = Trial(model, samples: 5, seed: 1)
        let best = try trial.train()
        for kernels in Engine.available {
            let other = try trial.train(kernels)
            #expect(other.metrics == best.metrics, "\(kernels.name)")
            #expect(bits(other.gradient) == bits(best.gradient), "\(kernels.name)")
        }
    }

    @Test(arguments: Golden.all.filter { $0.name.hasPrefix("whitened") })
    func kernelSetsAgreeOnWhitenedImages(golden: Golden) throws {
        let trial = try Trial(golden)
        let best = try trial.train()
        for kernels in Engine.available {
            let other = try trial.train(kernels)
            #expect(other.metrics == best.metrics, "\(kernels.name)")
            #expect(bits(other.gradient) == bits(best.gradient), "\(kernels.name)")
        }
    }

    @Test(arguments: 0..<24)
    func sharedMemoryChangesNothing(seed: Int) throws {
        let trial = Trial(try Model.random(seed: UInt64(seed)), samples: 22, seed: UInt64(seed))
        let shared = try trial.train()
        let apart = try trial.train(sharingMemory: false)
        #expect(shared.metrics == apart.metrics)
        #expect(bits(shared.gradient) == bits(apart.gradient))
    }

    /// Training and evaluation use the same memory, one after the other.
    @Test(arguments: 0..<24)
    func evaluationAndTrainingDoNotSeeEachOther(seed: Int) throws {
        let model = try Model.random(seed: UInt64(seed))
        let replica = Replica(model: model, kernels: Engine.best())
        let trial = Trial(model, samples: 22, seed: UInt64(seed))
        let trained = try trial.train(), evaluated = try trial.evaluate()
        for _ in 0..<2 {
            let again = try trial.train(replica: replica)
            #expect(again.metrics == trained.metrics)
            #expect(bits(again.gradient) == bits(trained.gradient))
            #expect(try trial.evaluate(replica: replica) == evaluated)
        }
    }

    @Test(arguments: 0..<24)
    func replicaForgetsTheShardBefore(seed: Int) throws {
        let model = try Model.random(seed: UInt64(seed))
        let replica = Replica(model: model, kernels: Engine.best())
        let first = Trial(model, samples: 22, seed: UInt64(seed))
        let second = Trial(model, samples: 7, seed: UInt64(seed) + 1)
        let fresh = try second.train()
        _ = try first.train(replica: replica)
        let again = try second.train(replica: replica)
        #expect(again.metrics == fresh.metrics)
        #expect(bits(again.gradient) == bits(fresh.gradient))
    }

    @Test(arguments: 0..<24, [1, 7, 17, 22])
    func paddingStaysZero(seed: Int, samples: Int) throws {
        var trial = Trial(
            try Model.random(seed: UInt64(seed)), samples: samples, seed: UInt64(seed))
        let gradient = try trial.train().gradient
        #expect(gradient == (try trial.model.withoutPadding(gradient)))
        try trial.descend(UpdateRule(Adam(learningRate: 0.1)), steps: 2)
        #expect(trial.weights == (try trial.model.withoutPadding(trial.weights)))
    }

    /// The sum over 17 images is that over 16 and over the last one: a block's dead images add nothing.
    @Test(arguments: 0..<24)
    func deadImagesAddNothing(seed: Int) throws {
        let whole = Trial(try Model.random(seed: UInt64(seed)), samples: 17, seed: UInt64(seed))
        var parts = [whole, whole]
        let size = whole.model.input.count
        parts[0].pixels = Array(whole.pixels[..<(16 * size)])
        parts[0].labels = Array(whole.labels[..<16])
        parts[1].pixels = Array(whole.pixels[(16 * size)...])
        parts[1].labels = Array(whole.labels[16...])
        parts[1].firstPosition = 16
        let (metrics, gradient) = try whole.train()
        let results = try parts.map { try $0.train() }
        // Sums are formed in another order; of the largest value the difference is some roundings.
        let sum = zip(results[0].gradient, results[1].gradient).map { $0 + $1 }
        #expect(relativeError(sum, gradient) < 2e-6)
        #expect(results[0].metrics.correct + results[1].metrics.correct == metrics.correct)
        #expect(
            abs(results[0].metrics.lossSum + results[1].metrics.lossSum - metrics.lossSum) < 1e-9)
    }
}
