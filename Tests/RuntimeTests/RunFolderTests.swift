// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Runtime
import Testing

@Suite struct RunFolderTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/run" }

    init() throws { folder = try TemporaryFolder() }

    @Test func aSecondCoordinatorIsRefused() throws {
        let first = try RunFolder(path)
        let error = runtimeError { _ = try RunFolder(path) }
        #expect(error?.code == .runFolder)
        #expect(
            error?.sentence(in: folder).replacingOccurrences(of: folder.path, with: "")
                == "another coordinator (process \(getpid()) on "
                + "\(ProcessInfo.processInfo.hostName)) is working on run; wait for it to end, stop "
                + "it, or choose another --output")
        withExtendedLifetime(first) {}
    }

    @Test func aFolderIsFreeWhenItsCoordinatorIsGone() throws {
        do { _ = try RunFolder(path) }
        _ = try RunFolder(path)
    }

    @Test func aPlaceThatIsAFileIsNamed() throws {
        try folder.write("run", Data())
        let error = runtimeError { _ = try RunFolder(path) }
        #expect(error?.sentence(in: folder).hasPrefix("cannot make the run folder run: ") == true)
        #expect(error?.detail.hasSuffix("; choose another --output") == true)
    }

    @Test func anotherJobIsRefusedWithTheFieldsThatDiffer() throws {
        do { _ = try Run.open(job: LocalRun.job(), folder: try RunFolder(path)) }
        let other = try LocalRun.job(["seed=4", "training.batch_size=100"])
        let error = runtimeError { _ = try Run.open(job: other, folder: try RunFolder(path)) }
        #expect(error?.code == .runFolder)
        #expect(
            error?.sentence(in: folder)
                == "run holds a run of another job (seed: 3, here 4; training.batch_size: 1300, here "
                + "100); choose another --output, or delete the folder to start anew")
    }

    /// Neither changes a bit of the result.
    @Test func anotherNameAndAnotherClusterAreNoOtherJob() throws {
        do { _ = try Run.open(job: LocalRun.job(), folder: try RunFolder(path)) }
        let same = try LocalRun.job(["name=other", "cluster.data=local"])
        _ = try Run.open(job: same, folder: try RunFolder(path))
    }

    @Test func otherDataAreRefused() throws {
        try TinyCIFAR.write(folder, "a", seed: 1)
        try TinyCIFAR.write(folder, "b", seed: 2)
        let first = try TinyCIFAR.job(folder.path + "/a"),
            second = try TinyCIFAR.job(folder.path + "/b")
        do { _ = try Run.open(job: first, folder: try RunFolder(path)) }
        let error = runtimeError { _ = try Run.open(job: second, folder: try RunFolder(path)) }
        #expect(error?.detail.contains("run of another job (training data: ") == true)
    }

    @Test func aJobThatCannotBeReadIsNamed() throws {
        try folder.write("run/job.yaml", Data("layers: [".utf8))
        let error = runtimeError {
            _ = try Run.open(job: LocalRun.job(), folder: try RunFolder(path))
        }
        #expect(
            error?.sentence(in: folder).hasPrefix(
                "run holds a run whose job cannot be read (run/job.yaml")
                == true)
    }
}
