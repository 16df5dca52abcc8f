// SPDX-License-Identifier: Apache-2.0
//
// A coordinator and its workers on this machine, in one call: what `convoy train` does, for programs.

import Foundation
import Glibc
import Logging
import Synchronization

/// Who computes a run that a program leads. The choice changes no bit of the result.
public struct LocalWorkers: Sendable {
    enum Place: Sendable {
        case here
        case processes(program: String)
    }
    let place: Place
    /// Of each worker.
    let threads: [Int]

    /// One worker in this process, with so many threads; without a number, one for each core.
    public static func threads(_ count: Int = Cores.available) -> LocalWorkers {
        LocalWorkers(place: .here, threads: [max(1, count)])
    }

    /// So many workers in this process, which share the cores out.
    public static func here(_ count: Int) -> LocalWorkers {
        LocalWorkers(place: .here, threads: Cores.shared(workers: max(1, count), threads: nil))
    }

    /// So many worker processes, which share the cores out.
    ///
    /// - Parameter program: Path of the `convoy` program.
    public static func processes(_ count: Int, program: String) -> LocalWorkers {
        LocalWorkers(
            place: .processes(program: program),
            threads: Cores.shared(workers: max(1, count), threads: nil))
    }
}

/// Leads runs with workers of its own.
public struct LocalCluster {
    private let workers: LocalWorkers

    public init(_ workers: LocalWorkers) { self.workers = workers }

    /// Trains a run to its end. The caller waits; threads of the cluster do the work.
    ///
    /// - Parameters:
    ///   - observer: Told what happens, on a thread of the cluster.
    ///   - open: Opens the run, once, and again if the run has to go back since a worker has computed wrong.
    public func train(
        observer: any RunObserver,
        logger: Logger = Logger(label: "convoy") { _ in SwiftLogNoOpLogHandler() },
        opening open: () throws -> Run
    ) throws -> FinalReport {
        try onPlainThread("convoy-lead") { try lead(observer, logger, open) }
    }

    private func lead(
        _ observer: any RunObserver, _ logger: Logger, _ open: () throws -> Run
    ) throws -> FinalReport {
        let sockets = try SocketDirectory()
        defer { withExtendedLifetime(sockets) {} }
        let total = workers.threads.reduce(0, +)
        var options = CoordinatorOptions(endpoint: "ipc://\(sockets.path)/coordinator")
        options.localWorkers = workers.threads.count
        options.staysAwake = Cores.available > total
        let crew = LocalCrew(workers, observer: observer)
        options.onTick = { [crew] door in crew.watch(door) }
        defer { crew.stop() }
        while true {
            let run = try open()
            let coordinator = try Coordinator(
                run: run, options: options, observer: observer, logger: logger)
            // Its last words are on their way until the workers have gone.
            defer { withExtendedLifetime(coordinator) {} }
            if !run.isFinished { try crew.start(at: coordinator.endpoint) }
            do throws(RuntimeError) {
                try coordinator.work()
            } catch {
                guard error.code == .wentBack else {
                    crew.stop()
                    throw error
                }
                options.distrusted = coordinator.distrusted
                options.endpoint = coordinator.endpoint
                continue
            }
            let report = try coordinator.finish(threads: min(total, Cores.available))
            crew.stop()
            return report
        }
    }
}

/// The workers of a local cluster, wherever they run.
private final class LocalCrew {
    private let workers: LocalWorkers
    private let processes: WorkerProcesses?
    private var threads: [(worker: WorkerThread, thread: PlainThread)] = []

    init(_ workers: LocalWorkers, observer: any RunObserver) {
        self.workers = workers
        guard case .processes(let program) = workers.place else {
            processes = nil
            return
        }
        processes = WorkerProcesses(
            WorkerLaunch.here(program: program, threads: workers.threads))
        processes?.observer = observer
    }

    func start(at endpoint: String) throws {
        try processes?.start(at: endpoint)
        guard processes == nil, threads.isEmpty else { return }
        for (number, count) in workers.threads.enumerated() {
            let worker = try WorkerThread(
                WorkerOptions(endpoint: endpoint, name: "worker-\(number + 1)", threads: count))
            threads.append((worker, worker.start()))
        }
    }

    func watch(_ coordinator: borrowing CoordinatorDoor) {
        processes?.watch(coordinator)
        guard !threads.isEmpty, threads.allSatisfy(\.worker.isFinished) else { return }
        let failure = threads.lazy.compactMap(\.worker.failure).first
        coordinator.fail(RuntimeError(.workerFailed, failure ?? "all workers have left the run"))
    }

    func stop() {
        processes?.stop()
        for (worker, thread) in threads {
            worker.stop()
            thread.join()
        }
        threads = []
    }
}

/// A worker of this process: what its thread and the cluster know of each other.
private final class WorkerThread: Sendable {
    private let options: WorkerOptions
    private let signal: StopSignal
    private let end = Mutex<(isFinished: Bool, failure: String?)>((false, nil))

    init(_ options: WorkerOptions) throws {
        self.options = options
        signal = try StopSignal()
    }

    func start() -> PlainThread { PlainThread(options.name) { self.work() } }

    private func work() {
        var failure: String?
        do {
            let logger = Logger(label: "convoy") { _ in SwiftLogNoOpLogHandler() }
            _ = try Worker(options: options, stop: signal, logger: logger).work()
        } catch { failure = "\(options.name): \(error)" }
        end.withLock { $0 = (true, failure) }
    }

    var isFinished: Bool { end.withLock { $0.isFinished } }
    var failure: String? { end.withLock { $0.failure } }

    /// It has been told that the run is over, and goes by itself, unless it has not heard.
    func stop() {
        for _ in 0..<2000 where !isFinished { usleep(1000) }
        signal.ring()
    }
}

/// Does something on a thread with denormals flushed to zero, and waits for it.
func onPlainThread<Value>(_ name: String, _ body: () throws -> Value) throws -> Value {
    try withoutActuallyEscaping(body) { body in
        // The caller waits: nobody else touches either of the two meanwhile.
        nonisolated(unsafe) let body = body
        nonisolated(unsafe) var result: Result<Value, any Error>?
        PlainThread(name) { result = Result { try body() } }.join()
        guard let result else { preconditionFailure("\(name) has ended without a result") }
        return try result.get()
    }
}
