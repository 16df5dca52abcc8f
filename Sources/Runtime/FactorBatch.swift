// SPDX-License-Identifier: Apache-2.0
//
// The factors of one layer over one step, shard by shard as they come.

import Tensors

/// Memory for the factors of all shards of a batch, and what of it is there.
struct FactorBatch {
    /// The weights that they were computed with; `WeightVersions.never` before the first.
    private(set) var version = WeightVersions.never
    private(set) var buffer: FlightBuffer<Float>
    /// Of each shard of the step; 0 as long as nothing of it has come.
    private(set) var samples: [Int]
    /// Of each shard, a bit for each part that is there.
    private var parts: [UInt64]
    /// Of each shard's parts.
    private(set) var checksums: [[UInt64]]
    /// Of each shard, where its factors lie in the memory of the worker that computed it.
    private var lent: [(factors: Floats, lender: SharedView)?]
    private let layer: FactorPlan.Layer

    init(_ layer: FactorPlan.Layer, shards: Int, _ pool: inout FlightPool<Float>) {
        self.layer = layer
        buffer = pool.take()
        samples = Array(repeating: 0, count: shards)
        parts = Array(repeating: 0, count: shards)
        let most = Array(
            repeating: UInt64(0), count: layer.parts(samples: layer.gradient.mostSamples))
        checksums = Array(repeating: most, count: shards)
        lent = Array(repeating: nil, count: shards)
    }

    /// Starts over for another step, in memory that nobody reads any more.
    mutating func begin(_ version: UInt64, _ pool: inout FlightPool<Float>) {
        self.version = version
        buffer.release()
        buffer = pool.take()
        for shard in samples.indices {
            samples[shard] = 0
            parts[shard] = 0
            lent[shard] = nil
        }
    }

    /// Whether all factors of a shard are there.
    func has(shard: Int) -> Bool {
        samples[shard] > 0
            && parts[shard].nonzeroBitCount == layer.parts(samples: samples[shard])
    }

    /// Whether those of all shards of a step are.
    func isWhole(_ shards: Int) -> Bool { (0..<shards).allSatisfy(has) }

    /// Of a shard that is there.
    func factors(ofShard shard: Int) -> Floats {
        lent[shard]?.factors
            ?? Floats(room(shard, 0..<layer.gradient.count(samples: samples[shard])))
    }

    /// A part of them, as it travels.
    func part(_ part: Int, ofShard shard: Int) -> UnsafeRawBufferPointer {
        let range = layer.floats(ofPart: part, samples: samples[shard])
        return UnsafeRawBufferPointer(room(shard, range))
    }

    private func room(_ shard: Int, _ range: Range<Int>) -> MutableFloats {
        let start = shard * layer.gradient.count
        return buffer.memory[start + range.lowerBound..<start + range.upperBound]
    }

    /// All factors of a shard lie in memory that others may read, and stay there until the step is over.
    ///
    /// - Precondition: The shard is one of the step, and has none yet.
    mutating func lend(
        _ factors: Floats, ofShard shard: Int, samples count: Int, by lender: SharedView
    ) {
        samples[shard] = count
        parts[shard] = 1 << layer.parts(samples: count) - 1
        lent[shard] = (factors, lender)
    }

    /// A part of a shard's factors has come: a copy is kept. What is there already stays.
    ///
    /// - Precondition: `bytes` are as many as the part has, and the shard is one of the step.
    mutating func add(
        _ part: Int, ofShard shard: Int, samples count: Int, _ bytes: UnsafeRawBufferPointer,
        checksum: UInt64
    ) {
        if samples[shard] == 0 { samples[shard] = count }
        guard samples[shard] == count, parts[shard] & 1 << part == 0 else { return }
        let range = layer.floats(ofPart: part, samples: count)
        UnsafeMutableRawBufferPointer(room(shard, range)).copyMemory(from: bytes)
        checksums[shard][part] = checksum
        parts[shard] |= 1 << part
    }
}
