// SPDX-License-Identifier: Apache-2.0
//
// The coordinator's weights, chunk by chunk, and the optimizer that renews them.

import Digests
import Layers
import Tensors

/// The current weights of a run, with the optimizer's state.
///
/// A new version of a chunk is written beside the old one, never over it, since the old one may still be
/// on its way to workers. The state of the optimizer (moments) is renewed in place.
final class WeightShelf {
    let plan: ChunkPlan
    private let optimizer: any Optimizer
    private let kernels: KernelSet
    private var pools: [FlightPool<Float>]
    /// The newest buffer of each chunk, retained by the shelf.
    private(set) var current: [FlightBuffer<Float>]
    /// The version of each chunk: the number of optimizer steps in it.
    private(set) var versions: [UInt64]
    private(set) var checksums: [UInt64]
    /// The version before, of the chunks that have had a step. Chunks are stepped one by one, and who
    /// takes over work in the middle of a step needs all of them as they were before it.
    private var previous: [FlightBuffer<Float>?]
    private var previousChecksums: [UInt64]
    private let slots: [AlignedBuffer<Float>]

    /// Starts out with `weights`, which is a whole flat buffer, as version `version`.
    ///
    /// - Parameter memory: Where the weights lie; nil for memory of this process alone.
    init(
        plan: ChunkPlan, optimizer: any Optimizer, kernels: KernelSet, weights: [Float],
        slots state: [[Float]], version: UInt64, memory: SharedMemory?
    ) {
        self.plan = plan
        self.optimizer = optimizer
        self.kernels = kernels
        pools = plan.chunks.map { FlightPool(count: $0.range.count, in: memory) }
        current = []
        checksums = []
        previous = Array(repeating: nil, count: plan.chunks.count)
        previousChecksums = Array(repeating: 0, count: plan.chunks.count)
        versions = Array(repeating: version, count: plan.chunks.count)
        slots = (0..<optimizer.slots).map { _ in AlignedBuffer(count: plan.count) }
        for (slot, values) in zip(slots, state) {
            _ = slot.elements.update(fromContentsOf: values)
        }
        for (index, chunk) in plan.chunks.enumerated() {
            let buffer = pools[index].take()
            _ = buffer.memory.elements.update(
                fromContentsOf: weights[chunk.range])
            current.append(buffer)
            checksums.append(checksum64(UnsafeRawBufferPointer(buffer.memory.elements)))
        }
    }

    /// One optimizer step of one chunk.
    ///
    /// - Parameters:
    ///   - gradient: The sum over the batch.
    ///   - step: Optimizer steps with this one, from 1.
    ///   - samples: What to divide the sum by.
    func apply(_ chunk: Int, gradient: MutableFloats, step: UInt64, samples: Int) {
        let old = current[chunk], new = pools[chunk].take()
        let range = plan.chunks[chunk].range
        optimizer.apply(
            kernels, step: Int(step), samples: samples,
            OptimizerSlice(
                gradient: Floats(gradient), weights: Floats(old.memory.elements),
                newWeights: new.memory.elements, first: slot(0, range), second: slot(1, range)),
            at: range.lowerBound, of: plan.layout)
        previous[chunk]?.release()
        previous[chunk] = old
        previousChecksums[chunk] = checksums[chunk]
        current[chunk] = new
        versions[chunk] = step
        checksums[chunk] = checksum64(UnsafeRawBufferPointer(new.memory.elements))
    }

    /// A chunk in its newest version or the one before; nil if `version` is neither.
    func chunk(_ chunk: Int, version: UInt64) -> (buffer: FlightBuffer<Float>, checksum: UInt64)? {
        if versions[chunk] == version { return (current[chunk], checksums[chunk]) }
        guard versions[chunk] == version + 1, let buffer = previous[chunk] else { return nil }
        return (buffer, previousChecksums[chunk])
    }

    /// The 64-bit digest of the whole, from the checksums of its chunks.
    var digest: UInt64 { Self.digest(of: checksums) }

    static func digest(of checksums: [UInt64]) -> UInt64 {
        checksums.withUnsafeBytes { checksum64($0) }
    }

    /// Copies all chunks into one flat buffer. All must be of one version.
    func gather(into weights: MutableFloats) {
        for (chunk, buffer) in zip(plan.chunks, current) {
            _ = UnsafeMutableBufferPointer(rebasing: weights[chunk.range])
                .update(fromContentsOf: buffer.memory.elements)
        }
    }

    var optimizerState: [Floats] { slots.map { Floats($0.elements) } }

    private func slot(_ index: Int, _ range: Range<Int>) -> MutableFloats {
        index < slots.count ? slots[index][range] : MutableFloats(start: nil, count: 0)
    }
}
