// SPDX-License-Identifier: Apache-2.0
//
// A layer that a worker steps itself, out of the factors of all shards.

import Coordination
import Digests
import Layers
import Tensors
import Wire

/// What a worker knows of one such layer: factors as they come, and what the optimizer keeps. Belongs to the
/// `WorkQueue`, whose lock guards it; threads that make pieces of the new weights touch only those, without it.
final class FactoredLayer {
    let plan: FactorPlan.Layer
    private let rule: UpdateRule
    private let model: WorkerModel
    /// For even and for odd versions.
    private var batches: [FactorBatch]
    private var pool: FlightPool<Float>

    /// Twins of the layer's part of the flat buffer.
    private let slots: [AlignedBuffer<Float>]
    /// The weights that they belong to: at first those of a run that begins.
    private var slotsVersion: UInt64 = 0
    /// Of those that are arriving: their version, and the messages that are missing.
    private var arriving: (version: UInt64, missing: Int) = (WeightVersions.never, 0)

    /// What is to be done; nil for nothing.
    private(set) var renewal: Message.Renewal?
    private var nextPiece = 0
    private var piecesDone = 0
    /// Gradients of a piece, one a level of the tree, for each thread; and what they are with penalties.
    private var scratch: [AlignedBuffer<Float>]
    private let levels: Int
    private let longestChunk: Int

    /// - Parameter threads: That may make pieces at the same time.
    init(_ plan: FactorPlan.Layer, shards: Int, model: WorkerModel, threads: Int) {
        self.plan = plan
        self.model = model
        rule = model.job.training.optimizer.withoutAverage
        var pool = FlightPool<Float>(count: plan.gradient.count * shards, in: nil)
        batches = (0..<2).map { _ in FactorBatch(plan, shards: shards, &pool) }
        self.pool = pool
        slots = (0..<rule.slots).map { [rule] slot in
            let buffer = AlignedBuffer<Float>(count: plan.gradient.parameters.count)
            buffer.elements.update(repeating: rule.start(ofSlot: slot))
            return buffer
        }
        levels = ReductionTree(leaves: shards).root.level + 1
        longestChunk = plan.chunks.map { model.chunks.chunks[$0].range.count }.max() ?? 0
        let floats = (levels + 1) * longestChunk
        scratch = (0..<threads).map { _ in AlignedBuffer(count: floats) }
    }

    // MARK: Arrivals

    /// Whether what belongs to a version may be written: nothing that is still to be done needs the memory.
    func hasRoom(for version: UInt64) -> Bool {
        guard let renewal else { return true }
        // The step that makes the renewed version needs the factors of the one before.
        return (renewal.version &- 1) & 1 != version & 1 || renewal.version &- 1 == version
    }

    /// A part of a shard's factors has come, from the coordinator or from this worker's own threads.
    ///
    /// - Returns: False if it cannot be what it says.
    func add(
        version: UInt64, shard: Int, samples: Int, part: Int, _ bytes: UnsafeRawBufferPointer
    ) -> Bool {
        let parity = Int(version & 1)
        guard batches[parity].samples.indices.contains(shard),
            samples <= plan.gradient.mostSamples,
            bytes.count == plan.floats(ofPart: part, samples: samples).count * 4, !bytes.isEmpty
        else { return false }
        let held = batches[parity].version
        // What a late thread has computed may be of a step that is long over.
        if held != WeightVersions.never, held > version { return true }
        if held != version { batches[parity].begin(version, &pool) }
        batches[parity].add(part, ofShard: shard, samples: samples, bytes, checksum: 0)
        return true
    }

    /// A chunk of a slot has come.
    ///
    /// - Returns: False if it cannot be what it says.
    func addSlot(_ slot: Int, _ version: UInt64, chunk: Range<Int>, _ bytes: UnsafeRawBufferPointer)
        -> Bool
    {
        let layer = plan.gradient.parameters
        guard slots.indices.contains(slot), layer.contains(chunk.lowerBound),
            chunk.upperBound <= layer.upperBound, bytes.count == chunk.count * 4
        else { return false }
        if arriving.version != version {
            arriving = (version, slots.count * plan.chunks.count)
            slotsVersion = WeightVersions.never
        }
        let part = chunk.lowerBound - layer.lowerBound..<chunk.upperBound - layer.lowerBound
        UnsafeMutableRawBufferPointer(slots[slot][part]).copyMemory(from: bytes)
        arriving.missing -= 1
        if arriving.missing == 0 { slotsVersion = version }
        return true
    }

    func renew(_ renewal: Message.Renewal) {
        self.renewal = renewal
        nextPiece = 0
        piecesDone = 0
        if slots.isEmpty { slotsVersion = renewal.version &- 1 }
    }

    // MARK: Work

    /// Whether there is a piece to make, once the weights of the version before are there.
    var isReady: Bool {
        guard let renewal, nextPiece < plan.chunks.count, !scratch.isEmpty else { return false }
        let version = renewal.version &- 1
        let batch = batches[Int(version & 1)]
        return slotsVersion == version && batch.version == version
            && batch.isWhole(shards(of: renewal))
    }

    private func shards(of renewal: Message.Renewal) -> Int {
        let size = model.job.training.shardSize
        return (renewal.samples + size - 1) / size
    }

    var isUntouched: Bool { nextPiece == 0 }

    /// A piece of the new weights, which is a chunk, and all that it is made of.
    struct Piece {
        fileprivate let number: Int
        fileprivate let scratch: AlignedBuffer<Float>
        fileprivate let renewal: Message.Renewal
        fileprivate let factors: FactorBatch
        fileprivate let weights: Floats, newWeights: MutableFloats
    }

    /// A piece for a thread; nil if there is no memory for one more.
    func takePiece() -> Piece? {
        guard let renewal, let memory = scratch.popLast() else { return nil }
        defer { nextPiece += 1 }
        return Piece(
            number: nextPiece, scratch: memory, renewal: renewal,
            factors: batches[Int((renewal.version &- 1) & 1)],
            weights: model.weights(version: renewal.version &- 1),
            newWeights: model.copy(version: renewal.version))
    }

    /// Makes the gradient of the step, along the tree, and new weights of it. Called without the lock.
    func make(_ piece: Piece) {
        let range = model.chunks.chunks[plan.chunks.lowerBound + piece.number].range
        let kernels = model.kernels
        let renewal = piece.renewal, shards = shards(of: renewal)

        func memory(_ level: Int) -> MutableFloats {
            let start = level * longestChunk
            return piece.scratch[start..<start + range.count]
        }
        func sum(_ node: TreeNode, into level: Int) {
            guard node.level > 0 else {
                return plan.gradient.make(
                    range, of: piece.factors.factors(ofShard: node.index),
                    samples: piece.factors.samples[node.index], kernels, into: memory(level))
            }
            sum(TreeNode(level: node.level - 1, index: 2 * node.index), into: level)
            let right = TreeNode(level: node.level - 1, index: 2 * node.index + 1)
            guard right.index << right.level < shards else { return }
            sum(right, into: level + 1)
            kernels.add(UnsafeRawBufferPointer(memory(level + 1)), to: memory(level))
        }
        sum(ReductionTree(leaves: shards).root, into: 0)

        let start = plan.gradient.parameters.lowerBound
        func slot(_ index: Int) -> MutableFloats {
            guard index < slots.count else { return MutableFloats(start: nil, count: 0) }
            return slots[index][range.lowerBound - start..<range.upperBound - start]
        }
        rule.apply(
            kernels, .init(Int(renewal.version), samples: renewal.samples, rate: renewal.rate),
            OptimizerSlice(
                gradient: Floats(memory(0)), weights: Floats(rebasing: piece.weights[range]),
                newWeights: MutableFloats(rebasing: piece.newWeights[range]),
                first: slot(0), second: slot(1)),
            at: range.lowerBound, of: model.model.parameters, scratch: memory(levels))
    }

    /// A piece is made.
    ///
    /// - Returns: Whether it was the last one.
    func finish(_ piece: Piece) -> Bool {
        scratch.append(piece.scratch)
        piecesDone += 1
        return piecesDone == plan.chunks.count
    }

    /// Whether the new weights are those of the coordinator. Called without the lock, when all pieces are made.
    func agrees(_ piece: Piece) -> Bool {
        zip(plan.chunks, piece.renewal.checksums).allSatisfy { chunk, checksum in
            let weights = Floats(piece.newWeights)[model.chunks.chunks[chunk].range]
            return checksum64(UnsafeRawBufferPointer(Floats(rebasing: weights))) == checksum
        }
    }

    /// The new weights are there.
    func close() {
        guard let renewal else { return }
        slotsVersion = renewal.version
        self.renewal = nil
    }
}

extension UpdateRule {
    /// The same as far as weights go: who steps them only has no need of their moving average.
    fileprivate var withoutAverage: UpdateRule {
        var rule = self
        rule.emaMomentum = nil
        return rule
    }
}
