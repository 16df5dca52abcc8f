// SPDX-License-Identifier: Apache-2.0
//
// How the gradients of a step's shards become one: in the order that a run promises, or as they come.

import Synchronization
import Tensors

/// The memory of one step's gradients, and the order in which they are added.
protocol StepSum: AnyObject, Sendable {
    /// Where a thread computes the gradient of a shard, and whether it adds to what stands there.
    func place(shard: Int, thread: Int) -> (gradient: MutableFloats, adds: Bool)
    /// The thread has no more shards in this step.
    func arrived(thread: Int)
    /// The sum over all shards of a part of the parameters; called once for each part, when all threads
    /// have arrived.
    func add(_ slice: Range<Int>, _ kernels: KernelSet) -> Floats
    /// The step is over.
    func end()
    /// The sum of the step that ended last.
    var last: Floats { get }
}

/// As in a run: each shard has a vector of its own, and vectors are added along the tree.
final class OrderedSum: StepSum {
    // Each vector is written by the thread that took its shard, then by parts that do not meet.
    private let shards: [AlignedBuffer<Float>]

    init(shards: Int, floats: Int) {
        self.shards = (0..<shards).map { _ in AlignedBuffer(count: floats) }
    }

    func place(shard: Int, thread: Int) -> (gradient: MutableFloats, adds: Bool) {
        (shards[shard].elements, false)
    }

    func arrived(thread: Int) {}

    func add(_ slice: Range<Int>, _ kernels: KernelSet) -> Floats {
        var distance = 1
        while distance < shards.count {
            for left in stride(from: 0, to: shards.count - distance, by: 2 * distance) {
                kernels.add(
                    UnsafeRawBufferPointer(shards[left + distance][slice]), to: shards[left][slice])
            }
            distance *= 2
        }
        return Floats(shards[0][slice])
    }

    func end() {}

    var last: Floats { Floats(shards[0].elements) }
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

    func add(_ slice: Range<Int>, _ kernels: KernelSet) -> Floats {
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

    var last: Floats { Floats(threads[first.load(ordering: .relaxed)].elements) }
}
