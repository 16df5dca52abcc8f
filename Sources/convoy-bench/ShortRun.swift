// SPDX-License-Identifier: Apache-2.0
//
// A real run of some steps, with workers in processes of their own.

import Foundation
import Jobs
import Logging
import Runtime

/// Runs a job for some steps in a folder that is gone afterwards.
struct ShortRun {
    let job: Job
    let workers: Int
    let threads: Int
    let steps: Int
    let engine: String
    /// Path of `convoy`.
    let program: String

    struct Result {
        var imagesPerSecond: Double
        /// Seconds from opening the job to the first committed step.
        var firstStep: Double
    }

    func measure() throws -> Result {
        let begin = ContinuousClock.now
        let folder = FileManager.default.temporaryDirectory.path + "/convoy-bench-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try Run.open(job: job, folder: try RunFolder(folder + "/run"), engine: engine)
        let endpoint = "ipc://\(folder)/socket"
        let cluster = WorkerProcesses(
            WorkerLaunch.here(
                program: program, threads: Array(repeating: threads, count: workers),
                arguments: ["--engine", engine]))
        let clock = StepClock(begin: begin)
        var options = CoordinatorOptions(endpoint: endpoint)
        options.localWorkers = workers
        options.staysAwake = cluster.spareCores > 0
        options.stopAfterSteps = steps
        options.onTick = { cluster.watch($0) }
        let coordinator = try Coordinator(
            run: run, options: options, observer: clock,
            logger: Logger(label: "convoy-bench") { _ in SwiftLogNoOpLogHandler() })
        defer { cluster.stop() }
        try cluster.start(at: endpoint)
        try coordinator.work()
        return clock.result
    }

    /// The `convoy` that was built with this program.
    static func program() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().path + "/convoy"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw RuntimeError(
                .system, "\(path): no such program; build it with 'swift build -c release'")
        }
        return path
    }
}

/// Notes when each step was committed.
private final class StepClock: RunObserver {
    private let begin: ContinuousClock.Instant
    private var commits: [(time: ContinuousClock.Instant, samples: Int)] = []

    init(begin: ContinuousClock.Instant) { self.begin = begin }

    func handle(_ event: RunEvent) {
        if case .step(let report) = event { commits.append((.now, report.samples)) }
    }

    /// The first tenth of the steps fills caches and measures the workers; it is left out.
    var result: ShortRun.Result {
        let first = commits.count / 10
        guard let last = commits.last, first < commits.count - 1 else {
            return .init(imagesPerSecond: .nan, firstStep: .nan)
        }
        let images = commits[(first + 1)...].reduce(0) { $0 + $1.samples }
        return .init(
            imagesPerSecond: Double(images) / ((last.time - commits[first].time) / .seconds(1)),
            firstStep: (commits[0].time - begin) / .seconds(1))
    }
}
