// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Engines
import Layers
import Tensors
import Testing

@Suite struct AllocationTests {
    /// All memory of a step is laid out when a replica is made. Without optimization the compiler puts
    /// boxes of its own on the heap, so this holds in release builds.
    @Test(
        .enabled(if: allocations_are_counted() && !_isDebugAssertConfiguration()),
        arguments: 0..<24)
    func shardsAllocateNothing(seed: Int) throws {
        let trial = Trial(try Model.random(seed: UInt64(seed)), samples: 22, seed: UInt64(seed))
        let model = trial.model, kernels = Engine.best()
        let replica = Replica(model: model, kernels: kernels)
        let prepared = PreparedWeights(model: model, kernels: kernels)
        let gradient = AlignedBuffer<Float>(count: model.parameters.count)
        let weights = AlignedBuffer<Float>(count: model.parameters.count)
        let moments = (0..<2).map { _ in AlignedBuffer<Float>(count: model.parameters.count) }
        let probabilities = AlignedBuffer<Float>(count: trial.labels.count * model.outputs)
        _ = weights.elements.update(fromContentsOf: trial.weights)
        let slice = OptimizerSlice(
            gradient: Floats(gradient.elements), weights: Floats(weights.elements),
            newWeights: weights.elements, first: moments[0].elements, second: moments[1].elements)
        let adam = UpdateRule(Adam())

        try trial.pixels.withUnsafeBufferPointer { pixels in
            try trial.labels.withUnsafeBufferPointer { labels in
                let shard = ShardInput(pixels: pixels, labels: labels)
                func step(_ number: Int) throws {
                    let metrics = try replica.train(
                        shard, weights: Floats(weights.elements), prepared: prepared,
                        gradient: gradient.elements,
                        willUse: { prepared.prepare(stage: $0, from: Floats(weights.elements)) },
                        didFinish: { _ in })
                    adam.apply(
                        kernels, .init(number, samples: metrics.samples), slice, at: 0,
                        of: model.parameters)
                    _ = try replica.evaluate(
                        shard, weights: Floats(weights.elements), prepared: prepared)
                    replica.predict(
                        pixels: pixels, count: labels.count, weights: Floats(weights.elements),
                        prepared: prepared, into: probabilities.elements)
                }
                defer { withExtendedLifetime(moments) {} }
                try step(1)  // what happens once per process happens here
                let before = allocations_of_this_thread()
                for number in 2...4 { try step(number) }
                #expect(allocations_of_this_thread() - before == 0, "\(model.stageSummary)")
            }
        }
    }
}
