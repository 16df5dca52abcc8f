// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's weights, chunk by chunk, and the optimizer that renews them.

import Digests
import Layers
import Tensors

/// The current weights of a run, with the optimizer's state.
///
/// A version is one flat buffer, written chunk by chunk beside the one before, never over it, since that one
/// may still be on its way to workers. Workers of this machine compute with the buffer itself: its memory is
/// written again two versions later, when all steps with it are over. The state of the optimizer (moments)
/// is renewed in place.
package final class WeightShelf {
    let plan: ChunkPlan
    private let rule: UpdateRule
    private let kernels: KernelSet
    private var pool: FlightPool<Float>
    /// What the newest version is written to, and was so far.
    private var newest: (version: UInt64, buffer: FlightBuffer<Float>)
    /// The buffer of each chunk's newest version, retained by the shelf once for each chunk.
    private var current: [FlightBuffer<Float>]
    /// The version of each chunk: the number of optimizer steps in it.
    package private(set) var versions: [UInt64]
    private(set) var checksums: [UInt64]
    /// The version before, of the chunks that have had a step. Chunks are stepped one by one, and who
    /// takes over work in the middle of a step needs all of them as they were before it.
    private var previous: [FlightBuffer<Float>?]
    private var previousChecksums: [UInt64]
    private let slots: [AlignedBuffer<Float>]
    /// Where sums wait for each other, if no chunk is stepped before all are there.
    private let gradient: AlignedBuffer<Float>?
    private var waiting = 0
    /// The last ones.
    private var steps: (newest: UpdateRule.Step?, before: UpdateRule.Step?)
    /// What the size of each chunk's newest weights adds to the mean loss, and that of the ones before.
    private var penalties: [Double], previousPenalties: [Double]
    /// Whether gradients with those of penalties need memory of their own.
    let needsScratch: Bool
    /// Where workers of this machine see at once what there is; nil where there are none.
    private let bulletin: WeightBulletin?

    /// Starts out with `weights`, which is a whole flat buffer, as version `version`.
    ///
    /// - Parameter memory: Where the weights lie; nil for memory of this process alone.
    package init(
        plan: ChunkPlan, rule: UpdateRule, kernels: KernelSet, weights: [Float],
        slots state: [[Float]], version: UInt64, memory: SharedMemory?
    ) {
        self.plan = plan
        self.rule = rule
        self.kernels = kernels
        pool = FlightPool(count: plan.count, in: memory)
        let buffer = pool.take(owners: plan.chunks.count)
        _ = buffer.memory.elements.update(fromContentsOf: weights)
        newest = (version, buffer)
        current = Array(repeating: buffer, count: plan.chunks.count)
        checksums = plan.chunks.map { checksum64(UnsafeRawBufferPointer(buffer.memory[$0.range])) }
        previous = Array(repeating: nil, count: plan.chunks.count)
        previousChecksums = Array(repeating: 0, count: plan.chunks.count)
        versions = Array(repeating: version, count: plan.chunks.count)
        slots = (0..<rule.slots).map { _ in AlignedBuffer(count: plan.count) }
        for (slot, values) in zip(slots, state) {
            _ = slot.elements.update(fromContentsOf: values)
        }
        let needsWhole = rule.needsWholeGradient(plan.layout)
        gradient = needsWhole ? AlignedBuffer(count: plan.count) : nil
        needsScratch = plan.layout.hasPenalties && !needsWhole
        penalties = plan.chunks.map {
            plan.layout.penalty(
                of: Floats(buffer.memory[$0.range]), at: $0.range.lowerBound, kernels)
        }
        previousPenalties = penalties
        bulletin = memory.flatMap { WeightBulletin($0.bulletin, chunks: plan.chunks.count) }
        if let place = buffer.place { bulletin?.begin(version, place: place) }
        if buffer.place != nil {
            for chunk in plan.chunks.indices { bulletin?.announce(chunk, version) }
        }
    }

    // MARK: Stepping

    /// Before the first chunk of a step.
    func begin(_ step: UpdateRule.Step) {
        let version = UInt64(step.number)
        guard newest.version != version else { return }
        // All steps before the last one are over.
        for chunk in previous.indices {
            previous[chunk]?.release()
            previous[chunk] = nil
        }
        newest = (version, pool.take(owners: plan.chunks.count))
        steps = (step, steps.newest)
        if let place = newest.buffer.place { bulletin?.begin(version, place: place) }
    }

    /// A part of a chunk's sum over the batch is there: it is stepped, or waits for all others. Other parts may be
    /// at the same time, each with a scratch of its own.
    ///
    /// - Parameters:
    ///   - part: Of the flat buffer.
    ///   - gradient: The sum.
    ///   - scratch: As many floats, if `needsScratch`.
    func take(
        _ part: Range<Int>, ofChunk chunk: Int, gradient sum: Floats, _ step: UpdateRule.Step,
        scratch: MutableFloats
    ) {
        if let gradient {
            _ = gradient[part].update(fromContentsOf: sum)
        } else {
            update(part, from: current[chunk], sum, step, scratch: scratch)
        }
    }

    /// What is to be known of a chunk of the newest version.
    package struct Seal {
        let checksum: UInt64
        let penalty: Double
    }

    /// All parts of a chunk have been taken: whoever sees the bulletin may read it. Other chunks may be sealed at the
    /// same time.
    func seal(_ chunk: Int) -> Seal? { gradient == nil ? sealed(chunk) : nil }

    private func sealed(_ chunk: Int) -> Seal {
        let weights = newest.buffer.memory[plan.chunks[chunk].range]
        if newest.buffer.place != nil { bulletin?.announce(chunk, newest.version) }
        return Seal(
            checksum: checksum64(UnsafeRawBufferPointer(weights)),
            penalty: plan.layout.penalty(
                of: Floats(weights), at: plan.chunks[chunk].range.lowerBound, kernels))
    }

    /// A chunk has been sealed, or waits for the others: then the last one brings them all.
    ///
    /// - Returns: The chunks that are new now.
    package func renew(_ chunk: Int, _ seal: Seal?, _ step: UpdateRule.Step) -> Range<Int> {
        if let seal {
            renew(chunk, seal)
            return chunk..<chunk + 1
        }
        waiting += 1
        guard let gradient, waiting == plan.chunks.count else { return chunk..<chunk }
        waiting = 0
        // Its chunks are of one version, which is one buffer.
        update(
            0..<plan.count, from: current[0], Floats(gradient.elements), step,
            scratch: MutableFloats(start: nil, count: 0))
        for chunk in plan.chunks.indices { renew(chunk, sealed(chunk)) }
        return plan.chunks.indices
    }

    /// The step that a version came of; nil of one that is neither the newest nor the one before.
    func lastStep(of version: UInt64) -> UpdateRule.Step? {
        func made(_ step: UpdateRule.Step?) -> UpdateRule.Step? {
            step.flatMap { UInt64($0.number) == version ? $0 : nil }
        }
        return made(steps.newest) ?? made(steps.before)
    }

    private func update(
        _ range: Range<Int>, from weights: FlightBuffer<Float>, _ gradient: Floats,
        _ step: UpdateRule.Step, scratch: MutableFloats
    ) {
        rule.apply(
            kernels, step,
            OptimizerSlice(
                gradient: gradient, weights: Floats(weights.memory[range]),
                newWeights: newest.buffer.memory[range],
                first: slot(rule.optimizer.slots > 0 ? 0 : nil, range),
                second: slot(rule.optimizer.slots > 1 ? 1 : nil, range),
                average: slot(rule.averageSlot, range)),
            at: range.lowerBound, of: plan.layout, scratch: scratch)
    }

    private func renew(_ chunk: Int, _ seal: Seal) {
        previous[chunk] = current[chunk]
        previousChecksums[chunk] = checksums[chunk]
        previousPenalties[chunk] = penalties[chunk]
        current[chunk] = newest.buffer
        versions[chunk] = newest.version
        checksums[chunk] = seal.checksum
        penalties[chunk] = seal.penalty
    }

    // MARK: What there is

    /// What the size of the weights adds to the mean loss.
    ///
    /// - Parameter isStepped: Whether it is the weights before the newest ones that count.
    func penalty(beforeStep isStepped: Bool) -> Double {
        (isStepped ? previousPenalties : penalties).reduce(0, +)
    }

    /// Weights to send: a chunk of one version.
    struct Item {
        let buffer: FlightBuffer<Float>
        let bytes: UnsafeRawBufferPointer
        /// Where processes of this machine find them; nil if they cannot.
        let place: Int?
        let checksum: UInt64
    }

    /// A chunk in its newest version or the one before; nil if `version` is neither.
    func chunk(_ chunk: Int, version: UInt64) -> Item? {
        let range = plan.chunks[chunk].range
        func item(_ buffer: FlightBuffer<Float>, _ checksum: UInt64) -> Item {
            Item(
                buffer: buffer, bytes: UnsafeRawBufferPointer(buffer.memory[range]),
                place: buffer.place.map { $0 + 4 * range.lowerBound }, checksum: checksum)
        }
        if versions[chunk] == version { return item(current[chunk], checksums[chunk]) }
        guard versions[chunk] == version + 1, let buffer = previous[chunk] else { return nil }
        return item(buffer, previousChecksums[chunk])
    }

    /// The 64-bit digest of the whole, from the checksums of its chunks.
    var digest: UInt64 { Self.digest(of: checksums) }

    static func digest(of checksums: [UInt64]) -> UInt64 {
        checksums.withUnsafeBytes { checksum64($0) }
    }

    /// Copies all chunks into one flat buffer. All must be of one version.
    package func gather(into weights: MutableFloats) {
        for (chunk, buffer) in zip(plan.chunks, current) {
            _ = UnsafeMutableBufferPointer(rebasing: weights[chunk.range])
                .update(fromContentsOf: buffer.memory[chunk.range])
        }
    }

    /// What a training ends with, of gathered weights.
    func finish(_ weights: MutableFloats) {
        rule.finish(
            weights, average: Floats(slot(rule.averageSlot, 0..<plan.count)), plan.layout)
    }

    package var optimizerState: [Floats] { slots.map { Floats($0.elements) } }

    private func slot(_ index: Int?, _ range: Range<Int>) -> MutableFloats {
        index.map { slots[$0][range] } ?? MutableFloats(start: nil, count: 0)
    }
}
