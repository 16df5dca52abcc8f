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

    /// Of these sums and a gradient with that checksum.
    func fingerprint(_ checksum: UInt64) -> UInt64 {
        var mixed = checksum
        for word in [lossSum.bitPattern, correct, samples] {
            mixed = (mixed ^ word) &* 0x9e37_79b9_7f4a_7c15
            mixed ^= mixed >> 32
        }
        return mixed
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

/// A vector as it has come.
package enum ArrivedVector {
    /// - Parameter lender: Where the bytes lie, if they stay there until the step is over.
    case bytes(UnsafeRawBufferPointer, lender: SharedView?)
    /// As something less, of which it is made when it is needed.
    case unmade(shard: Int)
}

/// Makes what has come `unmade`.
package protocol VectorMaker: AnyObject {
    /// Writes a chunk of the gradient of a shard.
    func make(_ chunk: Int, shard: Int, of step: StepID, into vector: MutableFloats)
}

/// Where a vector that waits for its sibling lies.
private enum StoredVector {
    case none
    /// In the pool.
    case own(Int32)
    /// In the memory of the worker that computed it, which leaves it alone until the step is over.
    case lent(UnsafeRawBufferPointer, SharedView)
    case unmade(shard: Int)
}

/// Performs what the step machine decides about the vectors of one step.
///
/// The machine knows names; here are the numbers. A vector that completes a pair is added straight from
/// the message to its sibling, and a large one that lies in the memory of a worker of this machine waits
/// there, so that most vectors are never copied. What can be made at any time is made when its sibling is
/// there, and added while it is in the cache. A board serves one step after another: it allocates until it has
/// seen the largest, then no more.
package final class ReductionBoard {
    package private(set) var step = StepID(raw: 0)
    /// Floats of each chunk.
    package private(set) var chunks: [Int] = []
    /// What an evaluation has counted, once its root is there; empty if that is nothing.
    package private(set) var counts: [UInt64] = []
    /// Small vectors are copied while nobody waits for them: then they are in this core's cache when their
    /// siblings come.
    private let lentFrom: Int

    private let pool: VectorPool
    private let maker: (any VectorMaker)?
    private var tree = ReductionTree(leaves: 1)
    private var levelOffsets: [Int] = []
    private var nodeCount = 0
    private var stored: [StoredVector] = []
    private var metrics: [NodeMetrics] = []

    /// - Parameters:
    ///   - maker: Of vectors that come unmade; nil where none does.
    ///   - lentFrom: From how many bytes on a lent vector is not copied.
    package init(pool: VectorPool, maker: (any VectorMaker)? = nil, lentFrom: Int = 1 << 19) {
        self.pool = pool
        self.maker = maker
        self.lentFrom = lentFrom
    }

    /// Begins another step, in the same memory.
    ///
    /// - Parameter chunks: Floats of each chunk; an evaluation has one, of what it counts.
    package func begin(_ step: StepID, shards: Int, chunks: [Int]) {
        self.step = step
        self.chunks = chunks
        counts.removeAll(keepingCapacity: true)
        tree = ReductionTree(leaves: shards)
        levelOffsets.removeAll(keepingCapacity: true)
        nodeCount = 0
        for level in 0...tree.root.level {
            levelOffsets.append(nodeCount)
            nodeCount += (shards + (1 << level) - 1) >> level
        }
        stored.removeAll(keepingCapacity: true)
        stored.append(contentsOf: repeatElement(.none, count: nodeCount * chunks.count))
        metrics.removeAll(keepingCapacity: true)
        metrics.append(contentsOf: repeatElement(NodeMetrics(), count: nodeCount))
    }

    package var root: TreeNode { tree.root }

    private func place(_ chunk: Int, _ node: TreeNode) -> Int {
        chunk * nodeCount + levelOffsets[node.level] + node.index
    }

    private func metricsPlace(_ node: TreeNode) -> Int { levelOffsets[node.level] + node.index }

    /// Keeps the vector that has just arrived. Its metrics come with chunk 0.
    package func store(
        _ chunk: Int, _ node: TreeNode, _ vector: ArrivedVector, _ sums: NodeMetrics
    ) {
        switch vector {
        case .bytes(let bytes, let lender?) where bytes.count >= lentFrom:
            stored[place(chunk, node)] = .lent(bytes, lender)
        case .bytes(let bytes, _):
            let slot = pool.take()
            let vector = pool.vector(slot, count: chunks[chunk])
            UnsafeMutableRawBufferPointer(vector).copyMemory(from: bytes)
            stored[place(chunk, node)] = .own(slot)
        case .unmade(let shard): stored[place(chunk, node)] = .unmade(shard: shard)
        }
        if chunk == 0 { metrics[metricsPlace(node)] = sums }
    }

    /// `parent` = the stored `sibling` + the vector that has just arrived, which was never stored.
    package func add(
        _ chunk: Int, _ vector: ArrivedVector, _ sums: NodeMetrics, to sibling: TreeNode,
        into parent: TreeNode, _ kernels: KernelSet
    ) {
        switch vector {
        case .bytes(let bytes, _):
            add(chunk, bytes, sums, to: sibling, into: parent, kernels)
        case .unmade(let shard):
            let slot = make(chunk, shard)
            add(
                chunk, UnsafeRawBufferPointer(pool.vector(slot, count: chunks[chunk])), sums,
                to: sibling, into: parent, kernels)
            pool.giveBack(slot)
        }
    }

    private func add(
        _ chunk: Int, _ bytes: UnsafeRawBufferPointer, _ sums: NodeMetrics, to sibling: TreeNode,
        into parent: TreeNode, _ kernels: KernelSet
    ) {
        let slot: Int32
        switch take(chunk, sibling) {
        case .own(let its):
            slot = its
            kernels.add(bytes, to: pool.vector(slot, count: chunks[chunk]))
        case .lent(let other, let lender):
            slot = pool.take()
            kernels.add(other, bytes, into: pool.vector(slot, count: chunks[chunk]))
            withExtendedLifetime(lender) {}
        case .unmade(let shard):
            slot = make(chunk, shard)
            kernels.add(bytes, to: pool.vector(slot, count: chunks[chunk]))
        case .none: preconditionFailure("take gives a vector")
        }
        stored[place(chunk, parent)] = .own(slot)
        if chunk == 0 { metrics[metricsPlace(parent)] = metrics[metricsPlace(sibling)] + sums }
    }

    /// `parent` = `left` + `right`, both stored and now forgotten.
    package func merge(
        _ chunk: Int, left: TreeNode, right: TreeNode, into parent: TreeNode, _ kernels: KernelSet
    ) {
        let right = (node: right, vector: made(take(chunk, right), chunk))
        add(
            chunk, bytes(of: right.vector, chunk), metrics[metricsPlace(right.node)], to: left,
            into: parent, kernels)
        giveBack(right.vector)
    }

    /// In the pool.
    private func make(_ chunk: Int, _ shard: Int) -> Int32 {
        guard let maker else {
            preconditionFailure("ReductionBoard: shard \(shard) came unmade, and nobody makes it")
        }
        let slot = pool.take()
        maker.make(chunk, shard: shard, of: step, into: pool.vector(slot, count: chunks[chunk]))
        return slot
    }

    private func made(_ vector: StoredVector, _ chunk: Int) -> StoredVector {
        guard case .unmade(let shard) = vector else { return vector }
        return .own(make(chunk, shard))
    }

    /// The node's sibling has no shards: the node is its parent.
    package func pass(_ chunk: Int, _ node: TreeNode, into parent: TreeNode) {
        stored[place(chunk, parent)] = take(chunk, node)
        if chunk == 0 { metrics[metricsPlace(parent)] = metrics[metricsPlace(node)] }
    }

    /// Forgets a vector that a bigger node has come for.
    package func discard(_ chunk: Int, _ node: TreeNode) { giveBack(take(chunk, node)) }

    /// The sum of the whole step, for one chunk. Good until its `release`.
    package func rootVector(_ chunk: Int) -> Floats {
        // The only shard of its step.
        stored[place(chunk, root)] = made(stored[place(chunk, root)], chunk)
        return bytes(of: stored[place(chunk, root)], chunk).assumingMemoryBound(to: Float.self)
    }

    /// Keeps the root of an evaluation beyond its release.
    package func keepCounts() {
        // Whatever a broken worker sends is a number.
        counts.append(contentsOf: rootVector(0).lazy.map { UInt64(exactly: $0) ?? 0 })
    }

    package var rootMetrics: NodeMetrics { metrics[metricsPlace(root)] }

    /// The root's vector has been applied.
    package func release(_ chunk: Int) { giveBack(take(chunk, root)) }

    /// Gives all memory back: the step is committed or abandoned.
    package func clear() {
        for index in stored.indices {
            giveBack(stored[index])
            stored[index] = .none
        }
    }

    private func bytes(of vector: StoredVector, _ chunk: Int) -> UnsafeRawBufferPointer {
        switch vector {
        case .none: preconditionFailure("ReductionBoard: no vector, chunk \(chunk), step \(step)")
        case .own(let slot): UnsafeRawBufferPointer(pool.vector(slot, count: chunks[chunk]))
        case .lent(let bytes, _): bytes
        case .unmade(let shard): preconditionFailure("ReductionBoard: shard \(shard) is not made")
        }
    }

    private func giveBack(_ vector: StoredVector) {
        if case .own(let slot) = vector { pool.giveBack(slot) }
    }

    private func take(_ chunk: Int, _ node: TreeNode) -> StoredVector {
        let index = place(chunk, node)
        let vector = stored[index]
        if case .none = vector {
            preconditionFailure(
                "ReductionBoard: no vector at \(node) of chunk \(chunk), step \(step)")
        }
        stored[index] = .none
        return vector
    }
}
