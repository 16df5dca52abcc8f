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

/// Makes what has come `unmade`, for several threads at once.
package protocol VectorMaker: AnyObject {
    /// Writes a part of a chunk of the gradient of a shard.
    func make(
        _ part: Range<Int>, ofChunk chunk: Int, shard: Int, of step: StepID,
        into vector: MutableFloats)
}

/// Where the vector of a node lies.
private enum StoredVector {
    case none
    /// In the pool.
    case own(Int32)
    /// In the memory of the worker that computed it, which leaves it alone until the step is over.
    case lent(UnsafeRawBufferPointer, SharedView)
    case unmade(shard: Int)
    /// It is the sum of the node's children, which stay where they are.
    case sum
}

/// Performs what the step machine decides about the vectors of one step.
///
/// The machine knows names; here are the numbers. A vector that comes in a message is added to its sibling
/// at once. One that stays where it is, or can be made at any time, is only noted: when all of the step are
/// there, `sum` adds them up piece by piece, so that nothing is read or written twice. A board serves one step
/// after another: it allocates until it has seen the largest, then no more.
package final class ReductionBoard {
    package private(set) var step = StepID(raw: 0)
    /// Floats of each chunk.
    package private(set) var chunks: [Int] = []
    /// What an evaluation has counted, once its root is there; empty if that is nothing.
    package private(set) var counts: [UInt64] = []
    /// Smaller vectors are copied while nobody waits for them: then they are in this core's cache when their
    /// siblings come.
    private let lentFrom: Int

    private let pool: VectorPool
    private let maker: (any VectorMaker)?
    private var tree = ReductionTree(leaves: 1)
    private var levelOffsets: [Int] = []
    private var nodeCount = 0
    private var stored: [StoredVector] = []
    private var metrics: [NodeMetrics] = []

    /// From how many bytes on it is worth while not to copy a vector.
    package static let largeBytes = 1 << 19

    /// - Parameters:
    ///   - maker: Of vectors that come unmade; nil where none does.
    ///   - lentFrom: From how many bytes on a lent vector is not copied.
    package init(
        pool: VectorPool, maker: (any VectorMaker)? = nil, lentFrom: Int = largeBytes
    ) {
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

    // MARK: What the machine decides

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
        if case .own(let slot) = stored[place(chunk, sibling)], let bytes = passing(vector) {
            kernels.add(bytes, to: pool.vector(slot, count: chunks[chunk]))
            stored[place(chunk, sibling)] = .none
            stored[place(chunk, parent)] = .own(slot)
        } else {
            let node = TreeNode(level: sibling.level, index: sibling.index ^ 1)
            store(chunk, node, vector, sums)
            stored[place(chunk, parent)] = .sum
        }
        if chunk == 0 { metrics[metricsPlace(parent)] = metrics[metricsPlace(sibling)] + sums }
    }

    /// The bytes of a vector that does not stay where it is.
    private func passing(_ vector: ArrivedVector) -> UnsafeRawBufferPointer? {
        guard case .bytes(let bytes, let lender) = vector, lender == nil || bytes.count < lentFrom
        else { return nil }
        return bytes
    }

    /// `parent` = `left` + `right`, both stored and now forgotten.
    package func merge(
        _ chunk: Int, left: TreeNode, right: TreeNode, into parent: TreeNode, _ kernels: KernelSet
    ) {
        if case .own(let first) = stored[place(chunk, left)],
            case .own(let second) = stored[place(chunk, right)]
        {
            kernels.add(
                UnsafeRawBufferPointer(pool.vector(second, count: chunks[chunk])),
                to: pool.vector(first, count: chunks[chunk]))
            discard(chunk, right)
            stored[place(chunk, left)] = .none
            stored[place(chunk, parent)] = .own(first)
        } else {
            stored[place(chunk, parent)] = .sum
        }
        guard chunk == 0 else { return }
        metrics[metricsPlace(parent)] = metrics[metricsPlace(left)] + metrics[metricsPlace(right)]
    }

    /// The node's sibling has no shards: the node is its parent.
    package func pass(_ chunk: Int, _ node: TreeNode, into parent: TreeNode) {
        let index = place(chunk, node)
        stored[place(chunk, parent)] = stored[index]
        // A sum is that of what lies below it.
        if case .sum = stored[index] {} else { stored[index] = .none }
        if chunk == 0 { metrics[metricsPlace(parent)] = metrics[metricsPlace(node)] }
    }

    /// Forgets a vector that a bigger node has come for.
    package func discard(_ chunk: Int, _ node: TreeNode) {
        let index = place(chunk, node)
        switch stored[index] {
        case .none:
            preconditionFailure(
                "ReductionBoard: no vector at \(node) of chunk \(chunk), step \(step)")
        case .own(let slot): pool.giveBack(slot)
        case .lent, .unmade: break
        case .sum:
            discard(chunk, node.left)
            if tree.contains(node.right) { discard(chunk, node.right) }
        }
        stored[index] = .none
    }

    // MARK: What becomes of them

    /// Floats that `sum` needs for parts of `part` floats.
    package func scratch(forParts part: Int) -> Int { (tree.root.level + 1) * part }

    /// A part of the sum of the whole step, for one chunk. Several threads may ask at once, until its `release`.
    ///
    /// - Parameter scratch: Overwritten; at least `scratch(forParts:)` floats.
    /// - Returns: Good until the scratch is written to again.
    package func sum(
        _ part: Range<Int>, ofChunk chunk: Int, scratch: MutableFloats, _ kernels: KernelSet
    ) -> Floats {
        sum(root, part, ofChunk: chunk, scratch, kernels).assumingMemoryBound(to: Float.self)
    }

    private func sum(
        _ node: TreeNode, _ part: Range<Int>, ofChunk chunk: Int, _ scratch: MutableFloats,
        _ kernels: KernelSet
    ) -> UnsafeRawBufferPointer {
        let own = MutableFloats(rebasing: scratch[..<part.count])
        let bytes = 4 * part.lowerBound..<4 * part.upperBound
        switch stored[place(chunk, node)] {
        case .none:
            preconditionFailure(
                "ReductionBoard: no vector at \(node) of chunk \(chunk), step \(step)")
        case .own(let slot):
            return UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(pool.vector(slot, count: chunks[chunk]))[bytes])
        case .lent(let vector, _): return UnsafeRawBufferPointer(rebasing: vector[bytes])
        case .unmade(let shard):
            guard let maker else {
                preconditionFailure(
                    "ReductionBoard: shard \(shard) came unmade, and nobody makes it")
            }
            maker.make(part, ofChunk: chunk, shard: shard, of: step, into: own)
        case .sum:
            let left = sum(node.left, part, ofChunk: chunk, scratch, kernels)
            guard tree.contains(node.right) else { return left }
            let rest = MutableFloats(rebasing: scratch[part.count...])
            let right = sum(node.right, part, ofChunk: chunk, rest, kernels)
            kernels.add(left, right, into: own)
        }
        return UnsafeRawBufferPointer(own)
    }

    /// Keeps the root of an evaluation beyond its release.
    package func keepCounts() {
        // Small, and never lent.
        guard case .own(let slot) = stored[place(0, root)] else { return }
        // Whatever a broken worker sends is a number.
        counts.append(
            contentsOf: pool.vector(slot, count: chunks[0]).lazy.map { UInt64(exactly: $0) ?? 0 })
    }

    package var rootMetrics: NodeMetrics { metrics[metricsPlace(root)] }

    /// The root's vector has been applied.
    package func release(_ chunk: Int) { discard(chunk, root) }

    /// Gives all memory back: the step is committed or abandoned.
    package func clear() {
        for index in stored.indices {
            if case .own(let slot) = stored[index] { pool.giveBack(slot) }
            stored[index] = .none
        }
    }
}

extension TreeNode {
    fileprivate var left: TreeNode { TreeNode(level: level - 1, index: 2 * index) }
    fileprivate var right: TreeNode { TreeNode(level: level - 1, index: 2 * index + 1) }
}
