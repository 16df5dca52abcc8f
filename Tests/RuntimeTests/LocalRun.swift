// SPDX-License-Identifier: Apache-2.0
//
// A coordinator and its workers inside one process: the third way to launch.

import CMachine
import Foundation
import Jobs
import Logging
import Runtime
import Synchronization
import ZeroMQ

/// Runs a job with workers on threads of this process.
final class LocalRun {
    let workers: Int
    let threads: Int
    /// Holds the run's folder; another run may go on in it.
    let folder: TemporaryFolder
    /// Stop after so many steps, as a coordinator that is killed would; nil for all.
    var steps: Int?
    /// Tensors travel through sockets, as between machines, under keys; else through shared memory.
    var isRemote = false
    /// Of a run between machines, unless a test has others.
    var keys = LocalKeys()
    /// Where the workers have the data, if not where the job says.
    var dataPath: String?
    /// How long workers look for the coordinator.
    var patience = Duration.seconds(20)
    /// Draws what everybody does.
    var trace: (any TraceSink)?
    let events = Recorder()
    /// How the workers ended that did not end well.
    let failures = Failures()

    init(workers: Int, threads: Int = 1, folder: TemporaryFolder? = nil) throws {
        self.workers = workers
        self.threads = threads
        self.folder = try folder ?? TemporaryFolder()
    }

    /// The failures of workers that took part; one that comes when all is done finds nobody.
    var faults: [String] { failures.all.filter { !$0.hasPrefix("no coordinator answers") } }

    var runFolder: String { folder.path + "/run" }

    /// - Returns: How the run ended; nil if it was stopped before its last step.
    @discardableResult
    func run(_ job: Job) throws -> FinalReport? {
        try lead(job) { endpoint in
            (0..<self.workers).map { number in
                var options = WorkerOptions(
                    endpoint: endpoint, name: "worker-\(number)", threads: self.threads,
                    patience: self.patience)
                options.dataPath = self.dataPath
                options.trust = self.keys.worker(number)
                let failures = self.failures
                return thread { [options] in
                    machine_name_thread(options.name)
                    do {
                        let worker = try Worker(
                            options: options, stop: StopSignal(), logger: .quiet)
                        _ = try worker.work()
                    } catch { failures.add("\(error)") }
                }
            }
        }
    }

    /// Leads a run with whatever `crew` starts.
    @discardableResult
    func lead(_ job: Job, crew start: (String) -> [Thread]) throws -> FinalReport? {
        try Self.turn.withLock { _ in try leadAlone(job, crew: start) }
    }

    /// Leads a run with one thread, on which `play` is whatever the test wants it to be.
    @discardableResult
    func lead(
        _ job: Job, alone play: @escaping @Sendable (String) throws -> Void
    ) throws -> FinalReport? {
        let failures = failures
        return try lead(job) { endpoint in
            [
                thread {
                    do { try play(endpoint) } catch { failures.add("\(error)") }
                }
            ]
        }
    }

    /// Works for the coordinator there, to the end of its run.
    static func work(_ name: String, at endpoint: String) throws {
        let options = WorkerOptions(endpoint: endpoint, name: name, patience: .seconds(20))
        _ = try Worker(options: options, stop: StopSignal(), logger: .quiet).work()
    }

    /// Tests run side by side, but runs do not: some count what their threads do.
    private static let turn = Mutex(())

    private func leadAlone(_ job: Job, crew start: (String) -> [Thread]) throws -> FinalReport? {
        let run = try Run.open(job: job, folder: try RunFolder(runFolder))
        events.damaged = run.damaged
        var options = CoordinatorOptions(
            endpoint: isRemote ? "tcp://127.0.0.1:*" : "ipc://\(folder.path)/socket")
        options.stopAfterSteps = steps
        options.cache = folder.path + "/cache"
        options.trust = keys.coordinator
        options.trace = trace
        var crew: [Thread] = []
        // Nobody else will come, and no run here takes so long.
        let end = Date().addingTimeInterval(60)
        options.onTick = { door in
            if Date() > end { door.fail(RuntimeError(.noWorkers, "the run stands still")) }
            guard !crew.isEmpty, crew.allSatisfy(\.isFinished) else { return }
            door.fail(RuntimeError(.noWorkers, "all workers have left"))
        }
        let coordinator = try Coordinator(
            run: run, options: options, observer: events, logger: .quiet)
        crew = start(coordinator.endpoint)
        // The coordinator's last words are on their way until the workers have gone.
        defer {
            withExtendedLifetime(coordinator) {
                while crew.contains(where: { !$0.isFinished }) { usleep(1000) }
            }
        }
        try coordinator.work()
        return steps == nil ? try coordinator.finish(threads: 2) : nil
    }
}

/// Keys of one run, one for all workers.
struct LocalKeys {
    var coordinator: Trust<CoordinatorKeys>
    /// Of a worker by its number.
    var worker: (Int) -> Trust<WorkerKeys>

    static var none: LocalKeys { LocalKeys(coordinator: .anyone) { _ in .anyone } }

    init(coordinator: Trust<CoordinatorKeys>, worker: @escaping (Int) -> Trust<WorkerKeys>) {
        self.coordinator = coordinator
        self.worker = worker
    }

    /// For tests of what has nothing to do with keys.
    init() {
        guard let secret = try? CurveSecret.generate(), let pool = try? CurveSecret.generate()
        else {
            preconditionFailure("this libzmq makes no keys")
        }
        coordinator = .keys(.init(secret: secret, allowed: AllowList([pool.publicKey: "pool"])))
        worker = { _ in .keys(.init(secret: pool, coordinator: secret.publicKey)) }
    }
}

/// A thread that is on its way.
func thread(_ body: @escaping @Sendable () -> Void) -> Thread {
    let thread = Thread(block: body)
    thread.start()
    return thread
}

extension LocalRun {
    /// Eight training steps and two of validation over generated images.
    static func job(_ overrides: [String] = []) throws -> Job {
        try Job.parse(
            yaml: """
                seed: 3
                dataset: {format: shapes, augmentation: {horizontal_flip: true}}
                model:
                  - Rescaling: {scale: 1/255}
                  - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
                  - MaxPooling2D
                  - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
                  - MaxPooling2D
                  - Flatten
                  - Dropout: {rate: 0.3}
                  - Dense: {units: 10}
                training: {epochs: 1, batch_size: 1300, optimizer: adam}
                """, overrides: overrides, file: "test.yaml")
    }
}

/// What went wrong on other threads.
final class Failures: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
}

/// Keeps what a run tells.
final class Recorder: RunObserver {
    private(set) var steps: [StepReport] = []
    private(set) var callbacks: [(epoch: Int, message: String)] = []
    private(set) var joined = 0
    private(set) var lost: [String] = []
    /// Why they were lost.
    private(set) var reasons: [String] = []
    private(set) var refused: [String] = []
    private(set) var distrusted: [String] = []
    private(set) var undecided: [String] = []
    private(set) var epochs: [EpochReport] = []
    private(set) var resumed: Int?
    private(set) var idle: [[Int]] = []
    private(set) var checkpoints: [String] = []
    var damaged: [String] = []
    /// Told how many steps are committed, on the coordinator's thread.
    var onStep: ((Int) -> Void)?

    func handle(_ event: RunEvent) {
        switch event {
        case .step(let report):
            steps.append(report)
            onStep?(steps.count)
        case .workerJoined: joined += 1
        case .workerLost(let name, let reason, _, _):
            lost.append(name)
            reasons.append(reason)
        case .workerRefused(let reason): refused.append(reason)
        case .epoch(let report): epochs.append(report)
        case .callback(_, let epoch, let message): callbacks.append((epoch, message))
        case .resumed(let step): resumed = step
        case .idleWorkers(let active, let workers): idle.append([active, workers])
        case .checkpoint(let path): checkpoints.append(path)
        case .workerDistrusted(let name, _): distrusted.append(name)
        case .undecided(let place): undecided.append(place)
        case .started, .straggler, .waitingForWorkers, .finished, .workerRestarted, .workerGivenUp,
            .workerOutput:
            break
        }
    }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
