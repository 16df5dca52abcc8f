// SPDX-License-Identifier: Apache-2.0

import Foundation
import Runtime
import Testing
import Wire
import ZeroMQ

/// Peers that do not fit together part with a sentence, at once.
@Suite(.serialized) struct RefusalTests {
    @Test func aWorkerWithOtherDataIsRefused() throws {
        try TinyRun.withData { folder, path in
            try TinyCIFAR.write(folder, "other", seed: 2)
            let run = try LocalRun(workers: 1, folder: folder)
            run.dataPath = folder.path + "/other"
            let error = runtimeError { try run.run(TinyCIFAR.job(path, ["cluster.data=local"])) }
            #expect(error?.code == .noWorkers)
            #expect(
                run.failures.all == [
                    "refused: worker worker-0 has other data than this coordinator; give it the same "
                        + "files, or use cluster.data: ship"
                ])
            #expect(run.events.refused.count == 1)
        }
    }

    @Test func aWorkerWithoutTheDataIsToldSo() throws {
        try TinyRun.withData { folder, path in
            let run = try LocalRun(workers: 1, folder: folder)
            run.dataPath = folder.path + "/nowhere"
            _ = runtimeError { try run.run(TinyCIFAR.job(path, ["cluster.data=local"])) }
            #expect(run.failures.all.count == 1)
            #expect(run.failures.all.first?.contains(folder.path + "/nowhere") == true)
        }
    }

    @Test func aWorkerOfOtherNumericsIsRefused() throws {
        var header = HeaderBuffer()
        Self.hello(numerics: "convoy-0").encode(into: &header)
        #expect(
            try answer(to: Array(header.bytes))
                == .refused(
                    reason:
                        "worker old computes 'convoy-0', this run 'convoy-2'; deploy one convoy "
                        + "build on all nodes"))
    }

    @Test func aWorkerOfAnotherVersionIsRefused() throws {
        var header = HeaderBuffer()
        Self.hello(numerics: "convoy-2").encode(into: &header)
        var bytes = Array(header.bytes)
        bytes[1] = 99
        #expect(
            try answer(to: bytes)
                == .refused(
                    reason: "wire.versionMismatch: worker old speaks protocol 99, this coordinator "
                        + "\(Message.protocolVersion); deploy one convoy build on both"))
    }

    @Test(
        arguments: [[], [0], [13, 1, 0, 0, 0], Array(repeating: 255, count: 20_000)] as [[UInt8]])
    func bytesThatMeanNothingAreRefused(bytes: [UInt8]) throws {
        guard case .refused(let reason) = try answer(to: bytes) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.hasPrefix("wire."), "\(reason)")
    }

    @Test func aWorkerLeavesACoordinatorOfAnotherVersion() throws {
        var header = HeaderBuffer()
        Message.refused(reason: "in other words").encode(into: &header)
        var bytes = Array(header.bytes)
        bytes[1] = 99
        let last = try lastWords { message, _ in
            guard case .hello = message else { return nil }
            return bytes
        }
        #expect(
            last == [
                "refused: the peer speaks protocol 99, this build \(Message.protocolVersion); deploy "
                    + "one convoy build on both"
            ])
    }

    @Test(arguments: [
        (0, 5, 16, 96), (4, 1, 4, 96), (1, 2, 4, 96), (0, 4, 16, 1 << 40),
        // A byte more than fourteen images and what stands before each.
        (0, 4, 16, 14 * (8 + 3072) + 1),
    ])
    func aWorkerLeavesACoordinatorWhoseLeasesCannotBe(
        firstShard: Int, shards: Int, samples: Int, bytes: Int
    ) throws {
        // Steps have 14 samples in shards of 4.
        let last = try lastWords(
            afterLease: .init(
                session: 7, lease: 1, step: 0, kind: .train, epoch: 0, firstShard: firstShard,
                shardCount: shards, firstPosition: 0, sampleCount: min(samples, 14),
                batchSamples: 14, weightsVersion: 0, sampleBytes: bytes), localData: false)
        #expect(
            last.first?.hasPrefix("refused: the coordinator sent a lease that cannot be: ") == true,
            "\(last)")
    }

    @Test func aWorkerWithFilesOfItsOwnIsAskedForMoreThanThereAre() throws {
        let last = try lastWords(
            afterLease: .init(
                session: 7, lease: 1, step: 0, kind: .train, epoch: 0, firstShard: 0,
                shardCount: 4, firstPosition: 38, sampleCount: 14, batchSamples: 14,
                weightsVersion: 0, sampleBytes: 0), localData: true)
        #expect(last.first?.contains("of a set of 40 samples") == true, "\(last)")
    }

    /// How a worker ends that gets a lease of session 7; a failure that it reports is given back as the
    /// reason to refuse it.
    private func lastWords(afterLease lease: Message.Lease, localData: Bool) throws -> [String] {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let job = try Run.open(
            job: TinyCIFAR.job(folder.path + "/data"), folder: RunFolder(folder.path + "/run")
        ).job.resolvedYAML
        return try lastWords { message, header in
            switch message {
            case .hello:
                Message.welcome(
                    .init(
                        worker: 1, session: 7, run: "x", incarnation: 1, job: job,
                        localData: localData, fingerprint: Array(repeating: 0, count: 32))
                ).encode(into: &header)
            case .attach: Message.lease(lease).encode(into: &header)
            case .failure(let failure):
                Message.refused(reason: failure.message).encode(into: &header)
            default: return nil
            }
            return Array(header.bytes)
        }
    }

    /// An old coordinator that was only frozen, say, while another one took over its run.
    @Test func aWorkerDoesNotGoBackToAnEarlierStart() throws {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let job = try Run.open(
            job: TinyCIFAR.job(folder.path + "/data"), folder: RunFolder(folder.path + "/run")
        ).job.resolvedYAML
        var starts = [2, 1, 2, 3]
        var goodbyes: [String] = []
        var proofs = 0
        let last = try lastWords { message, header in
            switch message {
            case .hello:
                Message.welcome(
                    .init(
                        worker: 1, session: 7, run: "x", incarnation: starts.removeFirst(),
                        job: job, localData: false, fingerprint: Array(repeating: 0, count: 32))
                ).encode(into: &header)
            case .ready:
                proofs += 1
                let end: Message =
                    starts.isEmpty ? .shutdown(reason: "done") : .goodbye(reason: "again")
                end.encode(into: &header)
            case .goodbye(let reason):
                goodbyes.append(reason)
                return nil
            default: return nil
            }
            return Array(header.bytes)
        }
        #expect(last == ["done"])
        #expect(proofs == 3)
        #expect(goodbyes.count == 1)
        #expect(
            goodbyes.first?.hasSuffix(
                " is start 1 of this run, and start 2 has been seen; stop the older one") == true)
    }

    /// What a worker says at its end to a coordinator that answers like this.
    private func lastWords(
        _ answer: (Message, inout HeaderBuffer) -> [UInt8]?
    ) throws -> [String] {
        let folder = try TemporaryFolder()
        let router = try Router(Context(), options: .control)
        let endpoint = try router.bind("ipc://\(folder.path)/socket")
        let failures = Failures()
        let worker = thread {
            do {
                let options = WorkerOptions(
                    endpoint: endpoint, name: "new", patience: .seconds(20))
                let worker = try Worker(options: options, stop: StopSignal(), logger: .quiet)
                failures.add(try worker.work())
            } catch { failures.add("\(error)") }
        }
        var header = HeaderBuffer()
        while !worker.isFinished {
            while let received = try router.receive() {
                let message = try received.header.withBytes { bytes throws(WireError) in
                    try Message.decode(header: bytes, payload: nil, limits: .control)
                }
                guard let bytes = answer(message, &header) else { continue }
                try bytes.withUnsafeBytes {
                    _ = try router.send(to: received.peer, header: $0)
                }
            }
            usleep(1000)
        }
        return failures.all
    }

    private static func hello(numerics: String) -> Message {
        .hello(.init(name: "old", host: "h", pid: 1, build: "0", numerics: numerics))
    }

    /// What a coordinator answers to a header.
    private func answer(to bytes: [UInt8]) throws -> Message? {
        let answers = Answers()
        try TinyRun.withData { folder, path in
            let run = try LocalRun(workers: 0, folder: folder)
            let error = runtimeError {
                try run.lead(TinyCIFAR.job(path)) { endpoint in
                    [thread { answers.collect(from: endpoint, saying: bytes) }]
                }
            }
            #expect(error?.code == .noWorkers)
            #expect(run.events.joined == 0)
        }
        return answers.first
    }
}

/// The first thing that a coordinator says to a peer.
private final class Answers: @unchecked Sendable {
    // Written by one thread, and read when it has ended.
    private(set) var first: Message?

    func collect(from endpoint: String, saying bytes: [UInt8]) {
        do {
            let dealer = try Dealer(Context(), options: .control)
            try dealer.connect(endpoint)
            _ = try dealer.waitForRouter(timeout: .seconds(5))
            try bytes.withUnsafeBytes { _ = try dealer.send(header: $0) }
            for _ in 0..<5000 {
                if let received = try dealer.receive() {
                    first = try received.header.withBytes { bytes throws(WireError) in
                        try Message.decode(header: bytes, payload: nil, limits: .control)
                    }
                    return
                }
                usleep(1000)
            }
        } catch { print("peer: \(error)") }
    }
}
