// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import Jobs
import Runtime
import Synchronization
import Testing
import Wire
import ZeroMQ

/// Peers that speak the language of workers, and lie.
@Suite(.serialized) struct ImpostorTests {
    /// Leads a run with one thread of a test's own; it waits for a worker for a second.
    private func lead(
        then real: Bool, isRemote: Bool = false, _ settings: [String] = [],
        _ body: @escaping @Sendable (String, _ proof: Digest) throws -> Void
    ) throws -> (error: RuntimeError?, run: LocalRun) {
        var result: (RuntimeError?, LocalRun)?
        try TinyRun.withData { folder, path in
            let job = try TinyCIFAR.job(path, settings)
            let proof = try FakeWorker.proof(of: job, in: folder)
            let run = try LocalRun(workers: 0, folder: folder)
            run.isRemote = isRemote
            run.keys = .none
            let failures = run.failures
            let error = runtimeError {
                try run.lead(job) { endpoint in
                    [
                        thread {
                            do {
                                try body(endpoint, proof)
                                guard real else { return }
                                var options = WorkerOptions(
                                    endpoint: endpoint, name: "real", patience: .seconds(20))
                                options.trust = .anyone
                                _ = try Worker(
                                    options: options, stop: StopSignal(), logger: .quiet
                                ).work()
                            } catch { failures.add("\(error)") }
                        }
                    ]
                }
            }
            result = (error, run)
        }
        return try #require(result)
    }

    /// Both have been welcomed; the impostor has a session of its own.
    @Test func aWorkersSessionIsNotAnothers() throws {
        let leases = Mutex(0)
        let (_, run) = try lead(then: false) { endpoint, proof in
            var worker = try FakeWorker.joining(endpoint, proof: proof)
            let welcome = try worker.welcome()
            let impostor = try FakeWorker.joining(endpoint, proof: proof, name: "impostor")
            let own = try impostor.welcome()
            #expect(own.session != welcome.session)
            for session in [own.session, 0, 1] {
                try impostor.attach(welcome.worker, session: session)
            }
            // Answered when what came before has been read.
            try impostor.say(.hello(.init(name: "x", host: "h", pid: 1, build: "", numerics: "")))
            usleep(50_000)
            try worker.prove()
            try worker.attach(welcome.worker, session: welcome.session)
            _ = try worker.lease()
            leases.withLock { $0 += 1 }
            try worker.leave()
        }
        #expect(run.failures.all == [])
        #expect(leases.withLock { $0 } == 1)
    }

    /// The message as it was sent, word by word, by another connection.
    @Test func anAttachmentThatIsReplayedTakesNothingAway() throws {
        let (_, run) = try lead(then: false) { endpoint, proof in
            var worker = try FakeWorker.joining(endpoint, proof: proof)
            let welcome = try worker.welcome()
            try worker.attach(welcome.worker, session: welcome.session)
            usleep(50_000)
            let impostor = try FakeWorker.joining(endpoint, proof: proof, name: "impostor")
            try impostor.attach(welcome.worker, session: welcome.session)
            usleep(50_000)
            try worker.prove()
            _ = try worker.lease()
            try worker.leave()
        }
        #expect(run.failures.all == [])
    }

    @Test func aNewcomerCannotFailAtAStep() throws {
        let (error, run) = try lead(then: true) { endpoint, proof in
            let impostor = try FakeWorker.joining(endpoint, proof: proof)
            _ = try impostor.welcome()
            try impostor.fail(step: 0)
        }
        #expect(error == nil)
        #expect(run.failures.all == [])
        #expect(run.events.lost == [])
    }

    /// libzmq would keep all of its parts until the last one is there.
    @Test func aWorkerThatSendsAMessageWithoutEndIsPutOut() throws {
        let settings = ["cluster.heartbeat_seconds=1", "cluster.wait_for_workers_seconds=20"]
        let (error, run) = try lead(then: true, isRemote: true, settings) { endpoint, proof in
            var worker = try FakeWorker.joining(endpoint, proof: proof)
            try worker.sendWithoutEnd(worker.lease())
            while true {
                // Its connections are made anew, and belong to nobody.
                if case .goodbye = try worker.next() { break }
            }
        }
        #expect(error == nil)
        #expect(run.failures.all == [])
        #expect(run.events.reasons == ["sends a message without end"])
    }

    @Test func thereIsRoomForSoManyNewcomers() throws {
        let answers = Mutex([String: Int]())
        let (error, run) = try lead(then: false) { endpoint, proof in
            let context = try Context()
            let all = Dealers()
            var header = HeaderBuffer()
            for _ in 0..<260 {
                let dealer = try Dealer(context, options: .control)
                try dealer.connect(endpoint)
                _ = try dealer.waitForRouter(timeout: .seconds(5))
                Message.hello(.init(name: "x", host: "h", pid: 1, build: "0", numerics: numericsID))
                    .encode(into: &header)
                try dealer.send(header: header.bytes)
                let kind: String
                switch try dealer.answer() {
                case .welcome: kind = "welcome"
                case .goodbye(let reason): kind = reason
                default: kind = "other"
                }
                answers.withLock { $0[kind, default: 0] += 1 }
                all.keep(dealer)
            }
            withExtendedLifetime(all) {}
        }
        #expect(error?.code == .noWorkers)
        #expect(run.failures.all == [])
        #expect(
            answers.withLock { $0 } == ["welcome": 256, "too many workers come at once": 4])
        #expect(run.events.lost == [] && run.events.joined == 0)
        #expect(run.events.refused.count == 1)
    }
}

/// Keeps connections open.
private final class Dealers {
    private final class Box {
        let dealer: Dealer
        init(_ dealer: consuming Dealer) { self.dealer = dealer }
    }

    private var all: [Box] = []
    func keep(_ dealer: consuming Dealer) { all.append(Box(dealer)) }
}
