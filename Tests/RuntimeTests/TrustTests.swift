// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Jobs
import Runtime
import Testing
import ZeroMQ

/// Who works for whom over a network, and what those are told who do not.
@Suite(.serialized) struct TrustTests {
    private let coordinator: CurveSecret
    private let worker: CurveSecret

    init() throws {
        coordinator = try .generate()
        worker = try .generate()
    }

    private var trusted: LocalKeys {
        LocalKeys(
            coordinator: .keys(
                .init(secret: coordinator, allowed: AllowList([worker.publicKey: "w"])))
        ) { _ in .keys(.init(secret: worker, coordinator: coordinator.publicKey)) }
    }

    /// What a worker says at its end, and what the coordinator has said of it.
    private func end(_ keys: LocalKeys) throws -> (worker: [String], coordinator: [String]) {
        var result: ([String], [String]) = ([], [])
        try TinyRun.withData { folder, path in
            let run = try LocalRun(workers: 1, folder: folder)
            run.isRemote = true
            run.keys = keys
            run.patience = .seconds(2)
            let error = runtimeError {
                try run.run(TinyCIFAR.job(path, ["cluster.wait_for_workers_seconds=3"]))
            }
            #expect(error?.code == .noWorkers)
            #expect(run.events.joined == 0)
            let hidden = run.failures.all.map {
                $0.replacing(/127\.0\.0\.1:[0-9]+/, with: "HOST")
            }
            result = (hidden, run.events.refused)
        }
        return result
    }

    @Test func aWorkerWhoseKeyIsNotOnTheListIsToldSo() throws {
        let other = try CurveSecret.generate()
        var keys = trusted
        keys.worker = { _ in .keys(.init(secret: other, coordinator: coordinator.publicKey)) }
        let end = try end(keys)
        #expect(
            end.worker == [
                "the coordinator at tcp://HOST does not let in this worker's key \(other.publicKey); "
                    + "add it to the coordinator's workers.allowed"
            ])
        // It has knocked again and again.
        #expect(
            end.coordinator == [
                "a worker at 127.0.0.1 with the key \(other.publicKey), which is not in "
                    + "CONVOY_WORKER_KEYS; add it there to let it in"
            ])
    }

    @Test func aWorkerOfAnotherCoordinatorIsToldSo() throws {
        let other = try CurveSecret.generate().publicKey
        var keys = trusted
        keys.worker = { _ in .keys(.init(secret: worker, coordinator: other)) }
        let end = try end(keys)
        #expect(
            end.worker == [
                "the coordinator at tcp://HOST is not the one with the key \(other.short), or uses no "
                    + "keys; copy coordinator.public anew from its folder"
            ])
        #expect(end.coordinator.count == 1)
        #expect(end.coordinator.first?.contains(coordinator.publicKey.short) == true)
    }

    @Test func oneSideWithKeysAndOneWithoutPartWithASentence() throws {
        var keys = trusted
        keys.worker = { _ in .anyone }
        var end = try end(keys)
        #expect(
            end.worker == [
                "the coordinator at tcp://HOST asks for a key, and this worker has none; give it --keys "
                    + "FOLDER in place of --insecure"
            ])
        // One of the two sees it first, and hangs up.
        #expect(
            end.coordinator.allSatisfy {
                $0 == "somebody without keys; workers need --keys or CONVOY_SECRET_KEY"
            })
        keys = trusted
        keys.coordinator = .anyone
        end = try self.end(keys)
        #expect(
            end.worker == [
                "the coordinator at tcp://HOST is not the one with the key "
                    + "\(coordinator.publicKey.short), or uses no keys; copy coordinator.public anew "
                    + "from its folder"
            ])
        #expect(
            end.coordinator.allSatisfy {
                $0 == "somebody who uses keys, which this coordinator does not (--insecure)"
            })
    }

    @Test func nobodyIsTrustedWithoutBeingToldTo() throws {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let run = try Run.open(
            job: TinyCIFAR.job(folder.path + "/data"), folder: RunFolder(folder.path + "/run"))
        let cure =
            "has no keys; make some with 'convoy keygen keys' and give them with --keys keys/%, or "
            + "trust whoever is there with --insecure"
        let endpoint = "tcp://127.0.0.1:1"
        #expect(
            runtimeError {
                _ = try Coordinator(
                    run: run, options: CoordinatorOptions(endpoint: endpoint), observer: Recorder(),
                    logger: .quiet)
            }?.detail
                == "\(endpoint) can be reached by others, and this coordinator "
                + cure.replacing("%", with: "coordinator"))
        #expect(
            runtimeError {
                _ = try Worker(
                    options: WorkerOptions(endpoint: endpoint, name: "x"), stop: StopSignal(),
                    logger: .quiet)
            }?.detail
                == "\(endpoint) can be reached by others, and this worker "
                + cure.replacing("%", with: "worker"))
    }

    /// It is connected, and in the middle of its work.
    @Test func aWorkerWhoseKeyIsRevokedIsPutOutAtOnce() throws {
        let job = try LocalRun.job(["training.epochs=5"])
        let expected = try LocalRun(workers: 1).run(job)?.weightsDigest
        let other = try CurveSecret.generate()
        let run = try LocalRun(workers: 2)
        let list = run.folder.path + "/list"
        func write(_ keys: [CurveSecret]) throws {
            let text = keys.map { "\($0.publicKey) x\n" }.joined()
            try Data(text.utf8).write(to: URL(fileURLWithPath: list), options: .atomic)
            chmod(list, 0o600)
        }
        try write([worker, other])
        run.isRemote = true
        run.patience = .seconds(1)
        run.keys = LocalKeys(
            coordinator: .keys(.init(secret: coordinator, allowed: try AllowList(path: list)))
        ) { number in
            .keys(
                .init(secret: number == 0 ? worker : other, coordinator: coordinator.publicKey))
        }
        var revoked: Int?
        run.events.onStep = { steps in
            usleep(20_000)
            guard revoked == nil, run.events.joined == 2 else { return }
            try? write([worker])
            revoked = steps
        }
        let report = try run.run(job)
        #expect(report?.weightsDigest == expected)
        #expect(run.events.lost == ["worker-1"])
        #expect(run.events.joined == 2, "it has not come in again")
        #expect(
            run.failures.all == [
                "refused: the key \(other.publicKey.short) was taken off \(list)"
            ])
    }
}
