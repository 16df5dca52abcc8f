// SPDX-License-Identifier: Apache-2.0
//
// How the gradients of a step's shards become one: in the order that a run promises, or as they come.

import Layers
import Runtime
import Synchronization
import Tensors

/// The memory of one step's gradients, and the order in which they are added.
protocol StepSum: AnyObject, Sendable {
    /// Where a thread computes the gradient of a shard, and whether it adds to what stands there.
    func place(shard: Int, thread: Int) -> (gradient: MutableFloats, adds: Bool)
    /// The thread has no more shards in this step.
    func arrived(thread: Int)
    /// Of the stage the gradient comes as its factors; nil of most.
    func factored(_ stage: Int) -> FactoredGradient?
    /// The sum over all shards of a part of the parameters; called once for each part, when all threads
    /// have arrived.
    ///
    /// - Parameter slice: Of one layer, if it is a wide one.
    func add(_ slice: Range<Int>, thread: Int, _ kernels: KernelSet) -> Floats
    /// The step is over.
    func end()
    /// The sum of the step that ended last.
    func last(_ kernels: KernelSet) -> [Float]
    /// Whether a gradient was not finite.
    var diverged: Bool { get }
}

/// As in a run: each shard has a vector of its own, and vectors are added along the tree. Those of wide layers are
/// made of their factors when they are added.
final class OrderedSum: StepSum {
    // Each vector is written by the thread that took its shard, then by parts that do not meet.
    private let shards: [AlignedBuffer<Float>]
    /// Images of each.
    private let samples: [Int]
    private let factors: FactorPlan
    /// For each thread a slice of each shard.
    private let scratch: [AlignedBuffer<Float>]
    private let broken = Atomic<Bool>(false)

    /// - Parameters:
    ///   - samples: Of each shard.
    ///   - slice: The most floats that are added at a time.
    ///   - isFactored: Whether factors are kept of wide layers.
    init(
        _ model: Model, _ chunks: ChunkPlan, samples: [Int], threads: Int, slice: Int,
        isFactored: Bool
    ) {
        self.samples = samples
        shards = samples.map { _ in AlignedBuffer(count: model.parameters.count) }
        factors = FactorPlan(model, chunks, shards: isFactored ? samples.count : 0)
        let floats = factors.layers.isEmpty ? 0 : slice * samples.count
        scratch = (0..<threads).map { _ in AlignedBuffer(count: floats) }
    }

    func factored(_ stage: Int) -> FactoredGradient? { factors.gradient(ofStage: stage) }

    func place(shard: Int, thread: Int) -> (gradient: MutableFloats, adds: Bool) {
        (shards[shard].elements, false)
    }

    func arrived(thread: Int) {}

    func add(_ slice: Range<Int>, thread: Int, _ kernels: KernelSet) -> Floats {
        let layer = layer(of: slice)
        func vector(_ shard: Int) -> MutableFloats {
            guard layer != nil else { return shards[shard][slice] }
            return scratch[thread][shard * slice.count..<(shard + 1) * slice.count]
        }
        if let layer {
            for shard in shards.indices { make(slice, of: layer, shard, kernels, vector(shard)) }
        }
        var distance = 1
        while distance < shards.count {
            for left in stride(from: 0, to: shards.count - distance, by: 2 * distance) {
                kernels.add(UnsafeRawBufferPointer(vector(left + distance)), to: vector(left))
            }
            distance *= 2
        }
        return Floats(vector(0))
    }

    private func layer(of slice: Range<Int>) -> FactoredGradient? {
        factors.layers.first { $0.gradient.parameters.overlaps(slice) }?.gradient
    }

    private func make(
        _ slice: Range<Int>, of layer: FactoredGradient, _ shard: Int, _ kernels: KernelSet,
        _ gradient: MutableFloats
    ) {
        let start = layer.parameters.lowerBound
        let factors = shards[shard][start..<start + layer.count(samples: samples[shard])]
        layer.make(slice, of: Floats(factors), samples: samples[shard], kernels, into: gradient)
        if !kernels.isFinite(UnsafeRawBufferPointer(gradient)) {
            broken.store(true, ordering: .relaxed)
        }
    }

    func end() {}

    func last(_ kernels: KernelSet) -> [Float] {
        var sum = Array(shards[0].elements)
        for layer in factors.layers.map(\.gradient.parameters) {
            let size = scratch[0].count / shards.count
            for start in stride(from: layer.lowerBound, to: layer.upperBound, by: size) {
                let slice = start..<min(start + size, layer.upperBound)
                sum.replaceSubrange(slice, with: add(slice, thread: 0, kernels))
            }
        }
        return sum
    }

    var diverged: Bool { broken.load(ordering: .relaxed) }
}

/// What a run could do without its promise: each thread adds up its shards in place, as it takes them,
/// and threads are added in the order in which they are through.
final class RelaxedSum: StepSum {
    // Each vector and its flag are written by their own thread, then by parts that do not meet.
    private let threads: [AlignedBuffer<Float>]
    private let isBegun: AlignedBuffer<Bool>
    private let arrivals = Mutex<[Int]>([])
    private let first = Atomic<Int>(0)

    init(threads: Int, floats: Int) {
        self.threads = (0..<threads).map { _ in AlignedBuffer(count: floats) }
        isBegun = AlignedBuffer(count: threads)
    }

    func place(shard: Int, thread: Int) -> (gradient: MutableFloats, adds: Bool) {
        defer { isBegun.base[thread] = true }
        return (threads[thread].elements, isBegun.base[thread])
    }

    func arrived(thread: Int) {
        guard isBegun.base[thread] else { return }
        arrivals.withLock { $0.append(thread) }
    }

    func factored(_ stage: Int) -> FactoredGradient? { nil }

    func add(_ slice: Range<Int>, thread: Int, _ kernels: KernelSet) -> Floats {
        let order = arrivals.withLock { $0 }
        let sum = threads[order[0]][slice]
        for thread in order.dropFirst() {
            kernels.add(UnsafeRawBufferPointer(threads[thread][slice]), to: sum)
        }
        return Floats(sum)
    }

    func end() {
        isBegun.elements.update(repeating: false)
        arrivals.withLock { threads in
            first.store(threads[0], ordering: .relaxed)
            threads.removeAll(keepingCapacity: true)
        }
    }

    func last(_ kernels: KernelSet) -> [Float] {
        Array(threads[first.load(ordering: .relaxed)].elements)
    }

    var diverged: Bool { false }
}
