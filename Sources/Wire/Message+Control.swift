// SPDX-License-Identifier: Apache-2.0
//
// What the control connection carries: who is there, and what the run is about.

extension Message {
    /// Memory of the sender that processes of the same machine can read: an open memfd. Bytes that lie
    /// there need no payload frame: a message says their place, counted from the start of the memory.
    public struct Memory: Equatable, Sendable {
        public var pid: Int
        /// In that process.
        public var descriptor: Int
        /// Its first eight bytes.
        public var key: UInt64

        public init(pid: Int, descriptor: Int, key: UInt64) {
            self.pid = pid
            self.descriptor = descriptor
            self.key = key
        }
    }

    /// A worker introduces itself.
    public struct Hello: Equatable, Sendable {
        /// Chosen by its user; shown wherever the worker is spoken of.
        public var name: String
        public var host: String
        public var pid: Int
        /// Version of the program.
        public var build: String
        /// Version of the arithmetic.
        public var numerics: String
        /// Nil where the two cannot be on one machine.
        public var memory: Memory?

        public init(
            name: String, host: String, pid: Int, build: String, numerics: String,
            memory: Memory? = nil
        ) {
            self.memory = memory
            self.name = name
            self.host = host
            self.pid = pid
            self.build = build
            self.numerics = numerics
        }
    }

    /// The coordinator takes the worker in and tells it what to train.
    public struct Welcome: Equatable, Sendable {
        public var worker: UInt64
        public var session: UInt64
        public var run: String
        /// Counts the coordinator's starts of this run.
        public var incarnation: Int
        /// Resolved YAML; at most `WireLimits.jobBytes` of UTF-8.
        public var job: String
        /// The worker reads the samples from its own files.
        public var localData: Bool
        /// SHA-256 of the data set, 32 bytes.
        public var fingerprint: [UInt8]
        /// As in `Hello`.
        public var memory: Memory?
        /// The coordinator reads what lies in the worker's memory.
        public var readsMemory: Bool
        /// The worker is to say what its threads do.
        public var wantsTrace: Bool
        /// Of a whole batch, where gradients of some layers travel as factors; 0 where none do.
        public var factoredShards: Int

        public init(
            worker: UInt64, session: UInt64, run: String, incarnation: Int, job: String,
            localData: Bool, fingerprint: [UInt8], memory: Memory? = nil,
            readsMemory: Bool = false, wantsTrace: Bool = false, factoredShards: Int = 0
        ) {
            self.wantsTrace = wantsTrace
            self.factoredShards = factoredShards
            self.memory = memory
            self.readsMemory = readsMemory
            self.worker = worker
            self.session = session
            self.run = run
            self.incarnation = incarnation
            self.job = job
            self.localData = localData
            self.fingerprint = fingerprint
        }
    }

    /// The worker has built the network, and proves that it computes the same bits.
    public struct Ready: Equatable, Sendable {
        /// SHA-256 of what the canned block gave, 32 bytes.
        public var digest: [UInt8]
        public var threads: Int
        /// SHA-256 of its own files, 32 bytes; nil where samples are shipped.
        public var fingerprint: [UInt8]?
        /// The worker reads what lies in the coordinator's memory.
        public var readsMemory: Bool

        public init(
            digest: [UInt8], threads: Int, fingerprint: [UInt8]? = nil, readsMemory: Bool = false
        ) {
            self.readsMemory = readsMemory
            self.digest = digest
            self.threads = threads
            self.fingerprint = fingerprint
        }
    }

    /// A shard cannot be computed.
    public struct Failure: Equatable, Sendable {
        public var step: UInt64
        /// Within the step.
        public var shard: Int
        /// Name of the layer; empty where none is to blame.
        public var layer: String
        public var message: String

        public init(step: UInt64, shard: Int, layer: String, message: String) {
            self.step = step
            self.shard = shard
            self.layer = layer
            self.message = message
        }
    }
}
