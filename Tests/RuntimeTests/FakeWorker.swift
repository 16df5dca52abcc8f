// SPDX-License-Identifier: Apache-2.0
//
// A worker that computes nothing, for what real ones do too rarely.

import Coordination
import Digests
import Foundation
import Jobs
import Runtime
import Wire
import ZeroMQ

/// Says hello and proves itself; the rest is up to the test.
struct FakeWorker: ~Copyable {
    private let control: Dealer
    private var data: Dealer
    private let context: Context
    private let endpoint: String
    private let proof: [UInt8]
    private var lastHeartbeat = Date()

    private init(
        control: consuming Dealer, data: consuming Dealer, context: Context, endpoint: String,
        proof: [UInt8]
    ) {
        self.control = control
        self.data = data
        self.context = context
        self.endpoint = endpoint
        self.proof = proof
    }

    /// - Parameters:
    ///   - proof: The digest that a worker of this job sends.
    ///   - name: It may be anybody's.
    static func joining(
        _ endpoint: String, proof: Digest, name: String = "fake"
    ) throws -> FakeWorker {
        let context = try Context()
        let worker = FakeWorker(
            control: try .connected(context, to: endpoint),
            data: try .connected(context, to: endpoint), context: context, endpoint: endpoint,
            proof: proof.bytes)
        try worker.control.send(
            .hello(.init(name: name, host: "h", pid: 1, build: "0", numerics: numericsID)))
        return worker
    }

    /// What a worker of the job has to send.
    static func proof(of job: Job, in folder: TemporaryFolder) throws -> Digest {
        let run = try Run.open(job: job, folder: RunFolder(folder.path + "/probe"))
        return EngineProof.digest(job: job, model: run.model, kernels: run.kernels)
    }

    /// The next message of the control connection, left unanswered.
    func answer() throws -> Message { try control.answer() }

    /// Waits for the welcome, and leaves it unanswered.
    func welcome() throws -> Message.Welcome {
        while true {
            if case .welcome(let welcome) = try answer() { return welcome }
        }
    }

    func prove() throws {
        try control.send(.ready(.init(digest: proof, threads: 1, fingerprint: nil)))
    }

    /// Says that the data connection is that of a worker.
    func attach(_ worker: UInt64, session: UInt64) throws {
        try data.send(.attach(.init(worker: worker, session: session)))
    }

    func say(_ message: Message) throws { try control.send(message) }

    /// The next message but those that belong to the greeting, answered here, and heartbeats.
    mutating func next() throws -> Message {
        let end = Date().addingTimeInterval(10)
        while Date() < end {
            if Date().timeIntervalSince(lastHeartbeat) > 0.05 {
                lastHeartbeat = Date()
                try control.send(.heartbeat)
            }
            switch try control.message(.control) {
            case .welcome(let welcome):
                try control.send(.ready(.init(digest: proof, threads: 1, fingerprint: nil)))
                try data.send(.attach(.init(worker: welcome.worker, session: welcome.session)))
                continue
            case .heartbeat: continue
            case .some(let message): return message
            case .none: break
            }
            switch try data.message(.data) {
            case .heartbeat: continue
            case .some(let message): return message
            case .none: usleep(1000)
            }
        }
        throw RuntimeError(.lostCoordinator, "nothing more comes from the coordinator")
    }

    /// The next lease.
    mutating func lease() throws -> Message.Lease {
        while true {
            if case .lease(let lease) = try next() { return lease }
        }
    }

    /// Another data connection, which the coordinator knows nothing of.
    mutating func reconnect() throws {
        data = try .connected(context, to: endpoint)
    }

    /// A chunk of the root of a step, all of whose shards are leased to this worker.
    func answerWithZeros(_ lease: Message.Lease, chunk: Int, floats: Int) throws {
        let root = ReductionTree(leaves: lease.shardCount).root
        let zeros = [Float](repeating: 0, count: floats)
        try zeros.withUnsafeBytes { bytes in
            try data.send(
                .contribution(
                    .init(
                        session: lease.session, lease: lease.lease, step: lease.step, chunk: chunk,
                        level: root.level, index: root.index, checksum: checksum64(bytes),
                        lossSum: 0, correct: 0, samples: 0)), payload: .copied(bytes))
        }
    }

    /// Factors of a lease's first shard that are not what they say; their layer is bucket 1, and has 4096 inputs
    /// and 512 outputs.
    func sendFactors(_ lease: Message.Lease, lie: String) throws {
        let floats = [Float](
            repeating: 0, count: 512 + 16 * (4096 + 512) - (lie == "size" ? 16 : 0))
        try floats.withUnsafeBytes { bytes in
            try data.send(
                .factors(
                    .init(
                        session: lease.session, lease: lease.lease, step: lease.step,
                        version: lease.weightsVersion, bucket: lie == "bucket" ? 0 : 1,
                        shard: lie == "shard" ? 3 : lease.firstShard,
                        samples: lie == "samples" ? 17 : 16, part: 0,
                        checksum: lie == "checksum" ? 0 : checksum64(bytes))),
                payload: .copied(bytes))
        }
    }

    /// Cannot compute a shard.
    func fail(step: UInt64) throws {
        try control.send(.failure(.init(step: step, shard: 0, layer: "x", message: "not finite")))
    }

    /// A contribution of a thousand payloads, each of the largest size.
    func sendWithoutEnd(_ lease: Message.Lease) throws {
        var header = HeaderBuffer()
        Message.contribution(
            .init(
                session: lease.session, lease: lease.lease, step: lease.step, chunk: 0, level: 0,
                index: 0, checksum: 0, lossSum: 0, correct: 0, samples: 0)
        ).encode(into: &header)
        let part = SharedFrame()
        let payload = [UInt8](repeating: 0, count: WireLimits.chunkBytes)
        try payload.withUnsafeBytes { try part.fill(copying: $0) }
        try data.send(header: Array(header.bytes), endless: part, parts: 1000)
    }

    func leave() throws { try control.send(.goodbye(reason: "that is all")) }
}

extension Dealer {
    /// The next message, waited for.
    func answer() throws -> Message {
        let end = Date().addingTimeInterval(10)
        while Date() < end {
            if let message = try message(.control) { return message }
            usleep(1000)
        }
        throw RuntimeError(.lostCoordinator, "no answer comes from the coordinator")
    }

    fileprivate static func connected(_ context: Context, to endpoint: String) throws -> Dealer {
        let dealer = try Dealer(context, options: .control)
        try dealer.connect(endpoint)
        _ = try dealer.waitForRouter(timeout: .seconds(5))
        return dealer
    }

    fileprivate func send(_ message: Message, payload: Payload? = nil) throws {
        var header = HeaderBuffer()
        message.encode(into: &header)
        _ = try send(header: header.bytes, payload: payload)
    }

    /// The next message without its payload; nil if none is there.
    fileprivate func message(_ limits: WireLimits) throws -> Message? {
        guard let received = try receive() else { return nil }
        let bytes: Int? =
            switch received.payload {
            case .some(let frame): frame.count
            case .none: nil
            }
        return try received.header.withBytes { header throws(WireError) in
            try Message.decode(header: header, payload: bytes, limits: limits)
        }
    }
}
