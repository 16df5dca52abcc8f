// SPDX-License-Identifier: Apache-2.0
//
// Whole training steps in one process: everything a worker and the optimizer compute, and no cluster.

import Layers
import Runtime
import Synchronization
import Tensors

/// A model in training on one batch of made-up images.
///
/// Shards and the optimizer are as in a run, and so are the sums, unless they are relaxed; each thread
/// takes whole shards, then some of the parameters' pieces.
final class TrainingLoop: @unchecked Sendable {
    // Between two meetings of the crew each thread writes to what is its own: a replica, the gradients that
    // it computes, some pieces of the parameters, some stages.
    private let model: Model
    private let kernels: KernelSet
    private let rule: UpdateRule
    private let crew: Crew
    private let batch: Int
    private let shardSize: Int
    private let shards: Int

    private let replicas: [Replica]
    private let prepared: PreparedWeights
    private let weights: AlignedBuffer<Float>
    private let slots: [AlignedBuffer<Float>]
    private let sum: any StepSum
    /// Of the parameters, in the order of the buffer.
    private let pieces: [Range<Int>]
    private let images: MadeUpImages
    private let nextShard = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)
    private var step = 0

    /// How gradients become a sum.
    enum Sums {
        /// As in a run.
        case factored
        /// In the same order; those of wide layers are whole, too.
        case whole
        /// Whole, and added as they come.
        case relaxed
    }

    init(
        _ peer: PeerModel, model: Model, kernels: KernelSet, crew: Crew, batch: Int,
        sums: Sums = .factored
    ) {
        self.model = model
        self.kernels = kernels
        self.crew = crew
        self.batch = batch
        rule = UpdateRule(peer.optimizer)
        shardSize = peer.shardSize
        shards = (batch + shardSize - 1) / shardSize
        let count = model.parameters.count
        replicas = (0..<crew.count).map { _ in Replica(model: model, kernels: kernels) }
        prepared = PreparedWeights(model: model, kernels: kernels)
        weights = AlignedBuffer(count: count)
        slots = (0..<peer.optimizer.slots).map { _ in AlignedBuffer(count: count) }
        let chunks = ChunkPlan(layout: model.parameters)
        pieces = chunks.chunks.flatMap { Self.pieces(of: $0.range) }
        let samples = (0..<shards).map { [shardSize] in min(shardSize, batch - $0 * shardSize) }
        sum =
            sums == .relaxed
            ? RelaxedSum(threads: crew.count, floats: count)
            : OrderedSum(
                model, chunks, samples: samples, threads: crew.count, slice: Self.piece,
                isFactored: sums == .factored)
        images = MadeUpImages(batch, of: peer)
        model.initialize(weights.elements, seed: 1)
        prepared.prepareAll(from: Floats(weights.elements))
    }

    /// Whether a loss or gradient was not finite: the times would mean nothing.
    var diverged: Bool { failures.load(ordering: .relaxed) > 0 || sum.diverged }

    /// The gradient of the last step.
    var gradient: [Float] { sum.last(kernels) }

    /// Trains `steps` steps; returns images a second.
    func train(steps: Int) -> Double {
        let time = seconds {
            crew.perform { [self] thread in
                for number in step + 1...step + steps { train(step: number, thread) }
            }
        }
        step += steps
        return Double(steps * batch) / time
    }

    private func train(step: Int, _ thread: Int) {
        var shard = nextShard.wrappingAdd(1, ordering: .relaxed).oldValue
        while shard < shards {
            train(shard: shard, thread)
            shard = nextShard.wrappingAdd(1, ordering: .relaxed).oldValue
        }
        sum.arrived(thread: thread)
        crew.meet()
        if thread == 0 { nextShard.store(0, ordering: .relaxed) }
        for piece in pieces[
            pieces.count * thread / crew.count..<pieces.count * (thread + 1) / crew.count]
        { apply(step: step, piece: piece, thread) }
        crew.meet()
        for stage in stride(from: thread, to: model.stageCount, by: crew.count) {
            prepared.prepare(stage: stage, from: Floats(weights.elements))
        }
        if thread == 0 { sum.end() }
        crew.meet()
    }

    private func train(shard: Int, _ thread: Int) {
        let rows = shard * shardSize..<min((shard + 1) * shardSize, batch)
        let input = ShardInput(
            pixels: images.pixels(rows), labels: images.labels(rows),
            firstPosition: rows.lowerBound)
        let (gradient, adds) = sum.place(shard: shard, thread: thread)
        do {
            _ = try replicas[thread].train(
                input, weights: Floats(weights.elements), prepared: prepared, gradient: gradient,
                adding: adds, factored: sum.factored)
        } catch { failures.add(1, ordering: .relaxed) }
    }

    /// As a coordinator cuts a chunk, so that a sum is still in the cache when it is used.
    private static func pieces(of chunk: Range<Int>) -> [Range<Int>] {
        stride(from: chunk.lowerBound, to: chunk.upperBound, by: piece).map {
            $0..<min($0 + piece, chunk.upperBound)
        }
    }

    private static let piece = 1 << 15

    /// Adds gradients and steps the optimizer, on a part of the parameters.
    private func apply(step: Int, piece: Range<Int>, _ thread: Int) {
        func slot(_ index: Int) -> MutableFloats {
            index < slots.count ? slots[index][piece] : MutableFloats(start: nil, count: 0)
        }
        rule.apply(
            kernels, .init(step, samples: batch),
            OptimizerSlice(
                gradient: sum.add(piece, thread: thread, kernels), weights: Floats(weights[piece]),
                newWeights: weights[piece], first: slot(0), second: slot(1)),
            at: piece.lowerBound, of: model.parameters)
    }
}
