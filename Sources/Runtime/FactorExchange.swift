// SPDX-License-Identifier: Apache-2.0
//
// What a coordinator keeps of gradients that travel as factors.

import Tensors

/// The factors of the steps that are open, for each layer that travels as such.
struct FactorExchange {
    let plan: FactorPlan
    /// For each layer those of even and of odd versions.
    private var batches: [[FactorBatch]]
    private var pools: [FlightPool<Float>]
    /// Where the gradient of a shard is made, of the largest layer.
    let gradient: AlignedBuffer<Float>

    /// Nil where nothing travels as factors.
    init?(_ plan: FactorPlan) {
        guard !plan.layers.isEmpty else { return nil }
        self.plan = plan
        var pools = plan.layers.map {
            FlightPool<Float>(count: $0.gradient.count * plan.shards, in: nil)
        }
        batches = plan.layers.indices.map { layer in
            (0..<2).map { _ in
                FactorBatch(plan.layers[layer], shards: plan.shards, &pools[layer])
            }
        }
        self.pools = pools
        let largest = plan.layers.map(\.gradient.parameters.count).max() ?? 0
        gradient = AlignedBuffer(count: largest)
    }

    /// The factors of a step's shards; nil if none has come.
    func batch(_ layer: Int, version: UInt64) -> FactorBatch? {
        let batch = batches[layer][Int(version & 1)]
        return batch.version == version ? batch : nil
    }

    /// A part of a shard's factors has come. What is there already stays.
    ///
    /// - Returns: Whether all of the shard are there with it. Of those that another worker has sent before, too:
    ///   the sender has done what it was to do.
    mutating func add(
        _ layer: Int, version: UInt64, shard: Int, samples: Int, part: Int,
        _ bytes: UnsafeRawBufferPointer, checksum: UInt64
    ) -> Bool {
        let parity = Int(version & 1)
        if batches[layer][parity].version != version {
            batches[layer][parity].begin(version, &pools[layer])
        }
        guard !batches[layer][parity].has(shard: shard) else {
            return part + 1 == plan.layers[layer].parts(samples: samples)
        }
        batches[layer][parity].add(
            part, ofShard: shard, samples: samples, bytes, checksum: checksum)
        return batches[layer][parity].has(shard: shard)
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
