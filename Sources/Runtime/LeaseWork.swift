// SPDX-License-Identifier: Apache-2.0
//
// One lease on its way through a worker.

import Coordination
import Tensors
import Wire

/// What a worker knows of a lease. Belongs to the `WorkQueue`, whose lock guards it; recycled, with its
/// memory.
final class LeaseWork {
    var lease: Message.Lease
    var samples: AlignedBuffer<UInt8>
    var received = 0
    var cursor = 0
    var nextShard = 0
    /// Shards that were begun and given back.
    var returned: [ShardTask] = []
    /// Shards whose pixels are there, in order.
    var decoded: [DecodedShard] = []
    /// Shards that data threads are decoding.
    var decoding = 0
    /// Shards that compute threads were given and have not given back.
    var computing = 0
    var unfinished = 0
    var ledger = GradientLedger(stepShards: 1, lease: 0..<1)

    init() {
        returned.reserveCapacity(16)
        decoded.reserveCapacity(16)
        samples = AlignedBuffer(count: 1 << 16)
        lease = Message.Lease(
            session: 0, lease: 0, step: 0, kind: .train, epoch: 0, firstShard: 0, shardCount: 0,
            firstPosition: 0, sampleCount: 0, batchSamples: 0, weightsVersion: 0, sampleBytes: 0)
    }

    /// A shard of it can be decoded.
    var canDecode: Bool {
        received == lease.sampleBytes && (nextShard < shards.upperBound || !returned.isEmpty)
    }

    /// A shard of it can be computed, as far as the samples go.
    var isWaiting: Bool { !decoded.isEmpty || canDecode }

    /// Nobody has begun to compute it.
    var isUntouched: Bool {
        unfinished == lease.shardCount && decoding == 0 && computing == 0
    }

    var version: UInt64 { lease.weightsVersion }
    var step: StepID { StepID(raw: lease.step) }
    var shards: Range<Int> {
        lease.firstShard..<lease.firstShard + lease.shardCount
    }

    /// Starts over with another lease.
    func begin(_ lease: Message.Lease, shardSize: Int) {
        self.lease = lease
        received = 0
        cursor = 0
        nextShard = lease.firstShard
        returned.removeAll(keepingCapacity: true)
        (decoding, computing) = (0, 0)
        unfinished = lease.shardCount
        if samples.count < lease.sampleBytes {
            samples = AlignedBuffer(count: lease.sampleBytes * 9 / 8)
        }
        ledger.reset(
            stepShards: (lease.batchSamples + shardSize - 1) / shardSize, lease: shards)
    }

    /// Buffers for gradients that it may need at a time: those in the making, and those that wait for their
    /// siblings, one a level.
    func gradients(threads: Int) -> Int {
        let levels = Int.bitWidth - lease.shardCount.leadingZeroBitCount
        return min(lease.shardCount, threads + levels)
    }

    /// The most sums that leave it: one for each aligned run of shards that it falls into.
    var sums: Int {
        var shard = shards.lowerBound, sums = 0
        while shard < shards.upperBound {
            let left = shards.upperBound - shard
            let longest = 1 << (Int.bitWidth - 1 - left.leadingZeroBitCount)
            shard += shard == 0 ? longest : min(longest, 1 << shard.trailingZeroBitCount)
            sums += 1
        }
        return sums
    }

    /// Begins the next shard, or one that was given back.
    func takeShard(of shardSize: Int) -> ShardTask {
        if let shard = returned.popLast() { return shard }
        let shard = nextShard
        nextShard += 1
        let first = lease.firstPosition + (shard - lease.firstShard) * shardSize
        let last = min(first + shardSize, lease.firstPosition + lease.sampleCount)
        let start = cursor
        if lease.sampleBytes > 0 {
            let bytes = UnsafeRawBufferPointer(samples[0..<lease.sampleBytes])
            for _ in first..<last {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[cursor...])
                guard let record = SampleRecord.first(of: rest) else { break }
                cursor = bytes.count - record.rest.count
            }
        }
        return ShardTask(
            work: self, shard: shard, positions: first..<last,
            records: UnsafeRawBufferPointer(samples[start..<cursor]))
    }
}

/// One shard to compute.
struct ShardTask {
    let work: LeaseWork
    let shard: Int
    /// Positions in the epoch's order.
    let positions: Range<Int>
    /// Its records; empty where the worker reads its own files.
    let records: UnsafeRawBufferPointer
}

/// One shard to compute whose pixels are there.
struct DecodedShard {
    let task: ShardTask
    let pixels: ShardPixels
}

extension Message.Lease {
    /// More than any lease's samples have: a sender that says so is broken.
    private static let largest = 1 << 32

    /// Whether its numbers belong together, so that whoever computes can rely on them, and take the memory
    /// that they ask for.
    ///
    /// - Parameter recordBytes: The most that one sample may have on its way.
    func fits(shardSize: Int, recordBytes: Int) -> Bool {
        let stepShards = (batchSamples + shardSize - 1) / shardSize
        let (most, isMore) = sampleCount.multipliedReportingOverflow(by: recordBytes)
        guard firstShard + shardCount <= stepShards, sampleBytes <= Self.largest,
            isMore || sampleBytes <= most
        else { return false }
        let end = min((firstShard + shardCount) * shardSize, batchSamples)
        return sampleCount == end - firstShard * shardSize
    }
}
