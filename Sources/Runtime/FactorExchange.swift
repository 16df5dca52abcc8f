// SPDX-License-Identifier: Apache-2.0
//
// What a coordinator keeps of gradients that travel as factors.

import Coordination
import Synchronization
import Tensors

/// The factors of the steps that are open, for each layer that travels as such: gradients are made of them when
/// they are summed.
final class FactorExchange: VectorMaker {
    let plan: FactorPlan
    private let chunks: ChunkPlan
    private let kernels: KernelSet
    /// For each layer those of even and of odd versions.
    private var batches: [[FactorBatch]]
    private var pools: [FlightPool<Float>]
    /// The steps that even and odd versions are used in.
    private var steps: [StepID?] = [nil, nil]
    private let notFinite = Mutex<NotFinite?>(nil)

    /// A gradient that is not finite.
    struct NotFinite {
        let step: StepID
        let shard: Int
        let stage: Int
    }

    /// The first one that was made.
    var failed: NotFinite? { notFinite.withLock { $0 } }

    /// Nil where nothing travels as factors.
    init?(_ plan: FactorPlan, _ chunks: ChunkPlan, _ kernels: KernelSet) {
        guard !plan.layers.isEmpty else { return nil }
        self.plan = plan
        self.chunks = chunks
        self.kernels = kernels
        var pools = plan.layers.map {
            FlightPool<Float>(count: $0.gradient.count * plan.shards, in: nil)
        }
        batches = plan.layers.indices.map { layer in
            (0..<2).map { _ in
                FactorBatch(plan.layers[layer], shards: plan.shards, &pools[layer])
            }
        }
        self.pools = pools
    }

    /// The factors of a step's shards; nil if none has come.
    func batch(_ layer: Int, version: UInt64) -> FactorBatch? {
        let batch = batches[layer][Int(version & 1)]
        return batch.version == version ? batch : nil
    }

    /// Where the factors of a shard are.
    enum Arrival {
        /// A part of them, in a message.
        case part(Int, UnsafeRawBufferPointer, checksum: UInt64)
        /// All of them, in the memory of a worker of this machine.
        case place(Floats, SharedView)
    }

    /// Whether it is as long as factors of so many samples are.
    func fits(_ arrival: Arrival, _ layer: Int, samples: Int) -> Bool {
        let plan = plan.layers[layer]
        guard samples <= plan.gradient.mostSamples else { return false }
        switch arrival {
        case .part(let part, let bytes, _):
            return !bytes.isEmpty
                && bytes.count == plan.floats(ofPart: part, samples: samples).count * 4
        case .place(let factors, _): return factors.count == plan.gradient.count(samples: samples)
        }
    }

    /// Factors of a shard have come. What is there already stays.
    ///
    /// - Returns: Whether all of the shard are there with it. Of those that another worker has sent before, too:
    ///   the sender has done what it was to do.
    func add(
        _ layer: Int, of step: StepID, version: UInt64, shard: Int, samples: Int,
        _ arrival: Arrival
    ) -> Bool {
        let parity = Int(version & 1)
        if batches[layer][parity].version != version {
            batches[layer][parity].begin(version, &pools[layer])
            steps[parity] = step
        }
        let isThere = batches[layer][parity].has(shard: shard)
        switch arrival {
        case .part(let part, _, _) where isThere:
            return part + 1 == plan.layers[layer].parts(samples: samples)
        case .part(let part, let bytes, let checksum):
            batches[layer][parity].add(
                part, ofShard: shard, samples: samples, bytes, checksum: checksum)
            return batches[layer][parity].has(shard: shard)
        case .place(let factors, let lender):
            if !isThere {
                batches[layer][parity].lend(factors, ofShard: shard, samples: samples, by: lender)
            }
            return true
        }
    }

    func make(
        _ part: Range<Int>, ofChunk chunk: Int, shard: Int, of step: StepID,
        into vector: MutableFloats
    ) {
        guard let parity = steps.firstIndex(of: step),
            let layer = plan.layer(ofBucket: chunks.chunks[chunk].bucket)
        else { preconditionFailure("no factors of chunk \(chunk) in step \(step)") }
        let batch = batches[layer][parity]
        let start = chunks.chunks[chunk].range.lowerBound
        plan.layers[layer].gradient.make(
            start + part.lowerBound..<start + part.upperBound, of: batch.factors(ofShard: shard),
            samples: batch.samples[shard], kernels, into: vector)
        guard !kernels.isFinite(UnsafeRawBufferPointer(vector)) else { return }
        notFinite.withLock {
            $0 = $0 ?? NotFinite(step: step, shard: shard, stage: plan.layers[layer].stage)
        }
    }
}

/// What a worker has been sent of one layer that it steps itself.
struct FactoredState {
    /// The weights that it has, with what the optimizer keeps of them, once it has read what was sent.
    var version: UInt64?
    /// Of those on their way the version, and how many chunks have been sent.
    var sent: (version: UInt64, chunks: Int) = (WeightVersions.never, 0)
    /// For each shard the newest even and the newest odd version of its factors that it has.
    private var shards: [[UInt64]]

    /// - Parameter shards: Of a whole batch.
    init(shards: Int) {
        self.shards = Array(
            repeating: Array(repeating: WeightVersions.never, count: shards), count: 2)
    }

    func has(shard: Int, version: UInt64) -> Bool {
        shards[Int(version & 1)][shard] == version
    }

    /// It has computed them, or they are on their way to it.
    mutating func got(shard: Int, version: UInt64) { shards[Int(version & 1)][shard] = version }
}
