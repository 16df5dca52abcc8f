// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Runtime
import Testing

/// Whole runs with a coordinator and workers in this process, over real sockets.
@Suite(.serialized) struct LocalRunTests {
    private static let reference = Result {
        let run = try LocalRun(workers: 1)
        return (try #require(try run.run(LocalRun.job())), run.events.steps)
    }

    @Test func oneWorkerTrainsAndSaves() throws {
        let (report, steps) = try Self.reference.get()
        #expect(steps.count == 8 + 2)
        #expect(report.weightsDigest.count == 64)
    }

    @Test(arguments: [(3, 1), (2, 2)])
    func workersAndThreadsDoNotChangeBits(workers: Int, threads: Int) throws {
        let (alone, steps) = try Self.reference.get()
        let run = try LocalRun(workers: workers, threads: threads)
        let many = try #require(try run.run(LocalRun.job()))
        #expect(many.weightsDigest == alone.weightsDigest)
        #expect(many.testLoss == alone.testLoss)
        #expect(run.events.steps.map(\.weightsDigest) == steps.map(\.weightsDigest))
        #expect(run.failures.all == [])
    }

    @Test func localDataDoNotChangeBits() throws {
        let (alone, _) = try Self.reference.get()
        let run = try LocalRun(workers: 2)
        let local = try run.run(LocalRun.job(["cluster.data=local"]))
        #expect(local?.weightsDigest == alone.weightsDigest)
    }

    /// Stopped in the training, then in the validation of the epoch.
    @Test func aRunThatGoesOnHasTheSameBits() throws {
        let (alone, steps) = try Self.reference.get()
        let first = try LocalRun(workers: 2)
        first.steps = 3
        try first.run(LocalRun.job())
        #expect(first.events.steps.count == 3 && first.events.checkpoints.count == 1)
        let second = try LocalRun(workers: 1, folder: first.folder)
        second.steps = 6
        try second.run(LocalRun.job())
        #expect(second.events.resumed == 3)
        let third = try LocalRun(workers: 1, folder: first.folder)
        let report = try #require(try third.run(LocalRun.job()))
        #expect(third.events.resumed == 8 && third.events.steps.count == 1)
        #expect(report.weightsDigest == alone.weightsDigest && report.testLoss == alone.testLoss)
        let all = [first, second, third].flatMap(\.events.steps)
        #expect(all.map(\.weightsDigest) == steps.map(\.weightsDigest))
        #expect(all.map(\.loss) == steps.map(\.loss))
    }

    @Test func aDamagedCheckpointIsPassedOverAndNamed() throws {
        let (alone, _) = try Self.reference.get()
        let folder = try TemporaryFolder()
        for steps in [3, 2] {
            let run = try LocalRun(workers: 1, folder: folder)
            run.steps = steps
            try run.run(LocalRun.job())
        }
        let newest = folder.path + "/run/checkpoints/step-0000000005.safetensors"
        let whole = try contents(newest)
        try whole.prefix(whole.count - 4).write(to: URL(fileURLWithPath: newest))
        let last = try LocalRun(workers: 1, folder: folder)
        let report = try last.run(LocalRun.job())
        #expect(last.events.damaged.count == 1)
        #expect(last.events.damaged.first?.hasPrefix("\(newest): not a whole safetensors") == true)
        #expect(last.events.resumed == 3)
        #expect(report?.weightsDigest == alone.weightsDigest)
    }

    @Test func threadsWithoutWorkAreNamedOnce() throws {
        try TinyRun.withData { folder, path in
            let run = try LocalRun(workers: 1, threads: 5, folder: folder)
            try run.run(TinyCIFAR.job(path))
            #expect(run.events.idle == [[4, 5]])
        }
    }

    @Test func aJobThatNoWelcomeCarriesIsRefused() throws {
        try TinyRun.withData { folder, path in
            let job = try TinyCIFAR.job(path, ["name=\(String(repeating: "x", count: 70_000))"])
            let error = runtimeError { try LocalRun(workers: 0, folder: folder).run(job) }
            #expect(error?.code == .refused)
            #expect(
                error?.detail.hasPrefix("the job cannot be sent to workers: the resolved job has 7")
                    == true)
        }
    }
}

enum TinyRun {
    /// A folder with a small data set in it.
    static func withData(_ body: (TemporaryFolder, String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        try body(folder, folder.path + "/data")
    }
}
