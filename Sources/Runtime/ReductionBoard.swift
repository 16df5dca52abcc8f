// SPDX-License-Identifier: Apache-2.0
//
// The vectors of one step that wait for their siblings, on the coordinator.

import Coordination
import Tensors

/// What a node of the reduction tree adds up beside its gradient.
package struct NodeMetrics: Sendable, Equatable {
    package var lossSum: Double
    package var correct: UInt64
    package var samples: UInt64

    package init(lossSum: Double = 0, correct: UInt64 = 0, samples: UInt64 = 0) {
        self.lossSum = lossSum
        self.correct = correct
        self.samples = samples
    }

    package static func + (a: Self, b: Self) -> Self {
        .init(
            lossSum: a.lossSum + b.lossSum, correct: a.correct + b.correct,
            samples: a.samples + b.samples)
    }
}

/// Memory for node vectors, shared by the steps that are open.
///
/// Grows to the most vectors that ever wait at once, then allocates no more.
package final class VectorPool {
    private let floats: Int
    private var buffers: [AlignedBuffer<Float>] = []
    private var free: [Int32] = []

    /// - Parameter floats: The largest chunk.
    package init(floats: Int) { self.floats = floats }

    func take() -> Int32 {
        if let slot = free.popLast() { return slot }
        buffers.append(AlignedBuffer(count: floats))
        free.reserveCapacity(buffers.count)
        return Int32(buffers.count - 1)
    }

    func giveBack(_ slot: Int32) { free.append(slot) }

    func vector(_ slot: Int32, count: Int) -> MutableFloats { buffers[Int(slot)][0..<count] }
}

/// Performs what the step machine decides about the vectors of one step.
///
/// The machine knows names; here are the numbers. A vector that completes a pair is added straight from
/// the message to its sibling, and one that lies in memory which its worker shares waits there, so that
/// most vectors are never copied. A board serves one step after another: it allocates until it has seen the
/// largest, then no more.
package final class ReductionBoard {
    package private(set) var step = StepID(raw: 0)
    /// Floats of each chunk.
    package private(set) var chunks: [Int] = []
    private let pool: VectorPool
    private var tree = ReductionTree(leaves: 1)
    private var levelOffsets: [Int] = []
    private var nodeCount = 0
    private var vectors: [NodeVector?] = []
    private var metrics: [NodeMetrics] = []

    package init(pool: VectorPool) { self.pool = pool }

    /// Begins another step, in the same memory.
    ///
    /// - Parameter chunks: Floats of each chunk; `[0]` for an evaluation.
    package func begin(_ step: StepID, shards: Int, chunks: [Int]) {
        self.step = step
        self.chunks = chunks
        tree = ReductionTree(leaves: shards)
        levelOffsets.removeAll(keepingCapacity: true)
        nodeCount = 0
        for level in 0...tree.root.level {
            levelOffsets.append(nodeCount)
            nodeCount += (shards + (1 << level) - 1) >> level
        }
        vectors.removeAll(keepingCapacity: true)
        vectors.append(contentsOf: repeatElement(nil, count: nodeCount * chunks.count))
        metrics.removeAll(keepingCapacity: true)
        metrics.append(contentsOf: repeatElement(NodeMetrics(), count: nodeCount))
    }

    package var root: TreeNode { tree.root }

    private func place(_ chunk: Int, _ node: TreeNode) -> Int {
        chunk * nodeCount + levelOffsets[node.level] + node.index
    }

    private func metricsPlace(_ node: TreeNode) -> Int { levelOffsets[node.level] + node.index }

    /// Keeps the vector that has just arrived. Its metrics come with chunk 0.
    ///
    /// - Parameter lender: Where the bytes will stay as they are until the step is over; nil if they have
    ///   to be copied.
    package func store(
        _ chunk: Int, _ node: TreeNode, _ bytes: UnsafeRawBufferPointer, _ sums: NodeMetrics,
        lender: Lender? = nil
    ) {
        if let lender {
            vectors[place(chunk, node)] = .lent(lender)
        } else {
            let slot = pool.take()
            UnsafeMutableRawBufferPointer(pool.vector(slot, count: chunks[chunk]))
                .copyMemory(from: bytes)
            vectors[place(chunk, node)] = .own(slot)
        }
        if chunk == 0 { metrics[metricsPlace(node)] = sums }
    }

    /// `parent` = the stored `sibling` + the vector that has just arrived, which was never stored.
    package func add(
        _ chunk: Int, _ bytes: UnsafeRawBufferPointer, _ sums: NodeMetrics, to sibling: TreeNode,
        into parent: TreeNode, _ kernels: KernelSet
    ) {
        let other = take(chunk, sibling)
        let sum = other.slot ?? pool.take()
        kernels.add(
            UnsafeRawBufferPointer(floats(other, chunk)), bytes,
            into: pool.vector(sum, count: chunks[chunk]))
        vectors[place(chunk, parent)] = .own(sum)
        if chunk == 0 { metrics[metricsPlace(parent)] = metrics[metricsPlace(sibling)] + sums }
    }

    /// `parent` = `left` + `right`, both stored and now forgotten.
    package func merge(
        _ chunk: Int, left: TreeNode, right: TreeNode, into parent: TreeNode, _ kernels: KernelSet
    ) {
        let first = take(chunk, left), second = take(chunk, right)
        let sum = first.slot ?? second.slot ?? pool.take()
        kernels.add(
            UnsafeRawBufferPointer(floats(first, chunk)),
            UnsafeRawBufferPointer(floats(second, chunk)),
            into: pool.vector(sum, count: chunks[chunk]))
        if first.slot != nil { giveBack(second) }
        vectors[place(chunk, parent)] = .own(sum)
        if chunk == 0 {
            metrics[metricsPlace(parent)] =
                metrics[metricsPlace(left)] + metrics[metricsPlace(right)]
        }
    }

    /// The node's sibling has no shards: the node is its parent.
    package func pass(_ chunk: Int, _ node: TreeNode, into parent: TreeNode) {
        vectors[place(chunk, parent)] = take(chunk, node)
        if chunk == 0 { metrics[metricsPlace(parent)] = metrics[metricsPlace(node)] }
    }

    /// Forgets a vector that a bigger node has come for.
    package func discard(_ chunk: Int, _ node: TreeNode) { giveBack(take(chunk, node)) }

    /// The sum of the whole step, for one chunk.
    package func rootVector(_ chunk: Int) -> Floats {
        guard let vector = vectors[place(chunk, root)] else {
            preconditionFailure("ReductionBoard: chunk \(chunk) of step \(step) has no sum yet")
        }
        return floats(vector, chunk)
    }

    package var rootMetrics: NodeMetrics { metrics[metricsPlace(root)] }

    /// The root's vector has been applied.
    package func release(_ chunk: Int) { giveBack(take(chunk, root)) }

    /// Gives all memory back: the step is committed or abandoned.
    package func clear() {
        for index in vectors.indices {
            if let vector = vectors[index] { giveBack(vector) }
            vectors[index] = nil
        }
    }

    private func take(_ chunk: Int, _ node: TreeNode) -> NodeVector {
        let index = place(chunk, node)
        guard let vector = vectors[index] else {
            preconditionFailure(
                "ReductionBoard: no vector at \(node) of chunk \(chunk), step \(step)")
        }
        vectors[index] = nil
        return vector
    }

    private func giveBack(_ vector: NodeVector) {
        if let slot = vector.slot { pool.giveBack(slot) }
    }

    private func floats(_ vector: NodeVector, _ chunk: Int) -> Floats {
        switch vector {
        case .own(let slot): Floats(pool.vector(slot, count: chunks[chunk]))
        case .lent(let lender): lender.floats
        }
    }
}

/// Where a node's vector lies.
private enum NodeVector {
    /// In the pool.
    case own(Int32)
    case lent(Lender)

    var slot: Int32? {
        if case .own(let slot) = self { slot } else { nil }
    }
}

/// A vector in a worker's memory. Holds on to that memory, so the worker may leave.
package struct Lender {
    private let view: SharedView
    private let place: Int
    private let count: Int

    /// - Returns: Nil if no such vector can lie there.
    package init?(_ view: SharedView, place: Int, floats count: Int) {
        let isAligned = place % MemoryLayout<Float>.alignment == 0
        guard isAligned, view.bytes(at: place, count: 4 * count) != nil else { return nil }
        self.view = view
        self.place = place
        self.count = count
    }

    /// Good until the memory is asked for a place beyond its known end.
    package var floats: Floats {
        // What was there at `init` still is: shared memory never shrinks.
        let bytes = view.bytes(at: place, count: 4 * count)
        return bytes?.bindMemory(to: Float.self) ?? Floats(start: nil, count: 0)
    }
}
