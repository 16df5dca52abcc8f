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
        /// From 0.
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
        /// Bytes that the `samples` messages of this lease bring; 0 where the data is local.
        public var sampleBytes: Int

        public init(
            session: UInt64, lease: UInt64, step: UInt64, kind: Kind, epoch: Int, firstShard: Int,
            shardCount: Int, firstPosition: Int, sampleCount: Int, batchSamples: Int,
            weightsVersion: UInt64, sampleBytes: Int
        ) {
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

    /// A chunk of new weights. Payload: its floats.
    public struct Weights: Equatable, Sendable {
        public var session: UInt64
        public var version: UInt64
        public var chunk: Int
        /// XXH3 of the payload.
        public var checksum: UInt64

        public init(session: UInt64, version: UInt64, chunk: Int, checksum: UInt64) {
            self.session = session
            self.version = version
            self.chunk = chunk
            self.checksum = checksum
        }
    }

    /// Every chunk of this version was sent.
    public struct Published: Equatable, Sendable {
        public var session: UInt64
        public var version: UInt64
        /// Over the chunks' checksums.
        public var digest: UInt64

        public init(session: UInt64, version: UInt64, digest: UInt64) {
            self.session = session
            self.version = version
            self.digest = digest
        }
    }

    /// The gradient sum of one tree node, for one chunk. Payload: its floats; none when the step
    /// evaluates.
    public struct Contribution: Equatable, Sendable {
        public var session: UInt64
        public var lease: UInt64
        public var step: UInt64
        public var chunk: Int
        /// Of the tree node.
        public var level: Int
        public var index: Int
        /// XXH3 of the payload.
        public var checksum: UInt64
        /// Sums over the node's samples.
        public var lossSum: Double
        public var correct: Int
        public var samples: Int

        public init(
            session: UInt64, lease: UInt64, step: UInt64, chunk: Int, level: Int, index: Int,
            checksum: UInt64, lossSum: Double, correct: Int, samples: Int
        ) {
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
