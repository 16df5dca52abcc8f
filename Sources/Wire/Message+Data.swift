// SPDX-License-Identifier: Apache-2.0
//
// What the data connections carry: work, samples, weights and gradients. These messages hold numbers
// only, so that encoding and decoding them allocates nothing in Swift.

extension Message {
    /// Ties a data connection to a worker; its first message.
    public struct Attach: Equatable, Sendable {
        public var worker: UInt64
        public var session: UInt64

        public init(worker: UInt64, session: UInt64) {
            self.worker = worker
            self.session = session
        }
    }

    /// A range of shards to compute.
    public struct Lease: Equatable, Sendable {
        public enum Kind: Equatable, Sendable, CaseIterable { case train, evaluate }

        public var session: UInt64
        public var lease: UInt64
        public var step: UInt64
        public var kind: Kind
        /// From 0, the pass over the data that draws are named by: the epoch, unless a job counts its
        /// epochs in steps.
        public var epoch: Int
        /// Within the step.
        public var firstShard: Int
        public var shardCount: Int
        /// Of the first sample, in the epoch's order.
        public var firstPosition: Int
        public var sampleCount: Int
        /// Samples of the whole step.
        public var batchSamples: Int
        /// Version of the weights to compute with.
        public var weightsVersion: UInt64
        /// 0 where the data is local.
        public var sampleBytes: Int
        /// Of the samples in the coordinator's memory; nil where `samples` messages bring them.
        public var place: Int?
        /// XXH3 of the samples, where a place is given.
        public var checksum: UInt64
        /// Nanoseconds that it was held back until its samples were read.
        public var waited: UInt64

        public init(
            session: UInt64, lease: UInt64, step: UInt64, kind: Kind, epoch: Int, firstShard: Int,
            shardCount: Int, firstPosition: Int, sampleCount: Int, batchSamples: Int,
            weightsVersion: UInt64, sampleBytes: Int, place: Int? = nil, checksum: UInt64 = 0,
            waited: UInt64 = 0
        ) {
            self.place = place
            self.checksum = checksum
            self.waited = waited
            self.session = session
            self.lease = lease
            self.step = step
            self.kind = kind
            self.epoch = epoch
            self.firstShard = firstShard
            self.shardCount = shardCount
            self.firstPosition = firstPosition
            self.sampleCount = sampleCount
            self.batchSamples = batchSamples
            self.weightsVersion = weightsVersion
            self.sampleBytes = sampleBytes
        }
    }

    /// A part of a lease's stored samples. Payload: the bytes from `offset` on.
    public struct Samples: Equatable, Sendable {
        public var session: UInt64
        public var lease: UInt64
        public var offset: Int
        /// XXH3 of the payload.
        public var checksum: UInt64

        public init(session: UInt64, lease: UInt64, offset: Int, checksum: UInt64) {
            self.session = session
            self.lease = lease
            self.offset = offset
            self.checksum = checksum
        }
    }

    /// A chunk of new weights. Payload: its floats, unless they lie at a place.
    public struct Weights: Equatable, Sendable {
        public var session: UInt64
        public var version: UInt64
        public var chunk: Int
        /// XXH3 of the floats.
        public var checksum: UInt64
        /// In the coordinator's memory.
        public var place: Int?
        /// Over the chunks' checksums; with the last chunk of the version.
        public var digest: UInt64?

        public init(
            session: UInt64, version: UInt64, chunk: Int, checksum: UInt64, place: Int? = nil,
            digest: UInt64? = nil
        ) {
            self.place = place
            self.digest = digest
            self.session = session
            self.version = version
            self.chunk = chunk
            self.checksum = checksum
        }
    }

    /// The gradient sum of one tree node, for one chunk. Payload: its floats, unless they lie at a
    /// place; when the step evaluates, what metrics have counted, if there are any.
    public struct Contribution: Equatable, Sendable {
        public var session: UInt64
        public var lease: UInt64
        public var step: UInt64
        public var chunk: Int
        /// Of the tree node.
        public var level: Int
        public var index: Int
        /// XXH3 of the floats.
        public var checksum: UInt64
        /// Sums over the node's samples.
        public var lossSum: Double
        public var correct: Int
        public var samples: Int
        /// In the worker's memory.
        public var place: Int?
        /// What the worker's compute threads have waited since its last message until samples came, and
        /// until they were read, decoded and augmented: nanoseconds in all.
        public var waitedForSamples: UInt64
        public var waitedForDecoding: UInt64
        /// When it was ready to leave by the worker's clock, where the welcome wants a trace; else 0.
        public var ready: UInt64

        public init(
            session: UInt64, lease: UInt64, step: UInt64, chunk: Int, level: Int, index: Int,
            checksum: UInt64, lossSum: Double, correct: Int, samples: Int, place: Int? = nil,
            waitedForSamples: UInt64 = 0, waitedForDecoding: UInt64 = 0, ready: UInt64 = 0
        ) {
            self.ready = ready
            self.place = place
            self.waitedForSamples = waitedForSamples
            self.waitedForDecoding = waitedForDecoding
            self.session = session
            self.lease = lease
            self.step = step
            self.chunk = chunk
            self.level = level
            self.index = index
            self.checksum = checksum
            self.lossSum = lossSum
            self.correct = correct
            self.samples = samples
        }
    }
}
