// SPDX-License-Identifier: Apache-2.0
//
// A coordinator and its workers inside one process: the third way to launch.

import Foundation
import Jobs
import Logging
import Runtime
import Synchronization

/// Runs a job with workers on threads of this process.
struct LocalRun {
    var workers: Int
    var threads = 1

    struct Result {
        let report: FinalReport
        let events: Recorder
    }

    func run(_ job: Job) throws -> Result {
        let folder = try TemporaryFolder()
        let events = Recorder()
        let logger = Logger(label: "test")
        let run = try Run.open(job: job, folder: try RunFolder(folder.path + "/run"))
        let coordinator = try Coordinator(
            run: run, options: CoordinatorOptions(endpoint: "ipc://\(folder.path)/socket"),
            observer: events, logger: logger)
        let crew = (0..<workers).map { number in
            let options = WorkerOptions(
                endpoint: coordinator.endpoint, name: "worker-\(number)", threads: threads,
                patience: .seconds(20))
            let thread = Thread {
                do {
                    let worker = try Worker(options: options, stop: StopSignal(), logger: logger)
                    _ = try worker.work()
                } catch { print("worker \(number): \(error)") }
            }
            thread.start()
            return thread
        }
        try coordinator.work()
        let report = try coordinator.finish(threads: 2)
        while crew.contains(where: { !$0.isFinished }) { usleep(1000) }
        return Result(report: report, events: events)
    }
}

/// Counts what a run tells.
final class Recorder: RunObserver {
    private(set) var steps = 0
    private(set) var joined = 0
    private(set) var lost: [String] = []
    private(set) var epochs: [EpochReport] = []

    func handle(_ event: RunEvent) {
        switch event {
        case .step: steps += 1
        case .workerJoined: joined += 1
        case .workerLost(let name, _, _, _): lost.append(name)
        case .epoch(let report):
            epochs.append(report)
            print(report)
        default: break
        }
    }
}

/// A folder that is gone when the object is.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "convoy-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
