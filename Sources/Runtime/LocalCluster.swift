// SPDX-License-Identifier: Apache-2.0
//
// Worker processes on this machine: the same program, started, watched and stopped.

import Foundation
import Glibc

/// The workers that `convoy train --workers N` starts.
public final class LocalCluster {
    private struct Child {
        let number: Int
        let process: Process
        var restarts: Int
    }

    /// A worker that keeps dying is started again this often.
    private static let maximumRestarts = 3

    private let executable: String
    private let endpoint: String
    public let workers: Int
    private let threads: Int
    private let arguments: [String]
    private let firstArguments: [String]
    private var children: [Child] = []
    private var isStarted = false

    /// - Parameters:
    ///   - executable: Path of the `convoy` program.
    ///   - endpoint: Where the coordinator listens.
    ///   - workers: How many.
    ///   - threads: Of each worker.
    ///   - arguments: What else every worker is told.
    ///   - firstArguments: What those are told that are not started again.
    public init(
        executable: String, endpoint: String, workers: Int, threads: Int, arguments: [String] = [],
        firstArguments: [String] = []
    ) {
        self.executable = executable
        self.endpoint = endpoint
        self.workers = workers
        self.threads = threads
        self.arguments = arguments
        self.firstArguments = firstArguments
    }

    /// Cores that no compute thread keeps to itself; negative if there are too few for them.
    public var spareCores: Int { ProcessInfo.processInfo.activeProcessorCount - workers * threads }

    /// Starts the workers, once: a run that goes back keeps them.
    public func start() throws(RuntimeError) {
        guard !isStarted else { return }
        isStarted = true
        for number in 0..<workers {
            children.append(
                Child(number: number, process: try launch(number, firstArguments), restarts: 0))
        }
    }

    private static func name(_ number: Int) -> String { "worker-\(number + 1)" }

    private func launch(
        _ number: Int, _ more: [String] = []
    ) throws(RuntimeError) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments =
            [
                "worker", "--name", Self.name(number), "--connect", endpoint,
                "--threads", "\(threads)", "--parent", "\(getpid())",
            ] + (spareCores >= 0 ? ["--core", "\(number * threads)"] : []) + arguments + more
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch {
            throw RuntimeError(
                .system,
                "cannot start worker \(number) (\(executable)): \(error.localizedDescription)")
        }
        return process
    }

    /// Tells the coordinator of workers that have died, and starts them again; those that have computed
    /// wrong are let go.
    public func watch(_ coordinator: borrowing CoordinatorDoor) {
        var trusted: [Child] = []
        for child in children {
            if !coordinator.isDistrusted(name: Self.name(child.number)) { trusted.append(child) }
        }
        let isLast = trusted.isEmpty && !children.isEmpty
        children = trusted
        if isLast {
            coordinator.fail(RuntimeError(.workerFailed, "no worker is left that computes right"))
        }
        for index in children.indices where !children[index].process.isRunning {
            let process = children[index].process
            let how = Self.describe(process)
            coordinator.processEnded(pid: Int(process.processIdentifier), how: how)
            guard children[index].restarts < Self.maximumRestarts else {
                coordinator.fail(
                    RuntimeError(
                        .workerFailed,
                        "worker \(children[index].number) died "
                            + "\(Self.maximumRestarts + 1) times, last: \(how)"))
                return
            }
            do throws(RuntimeError) {
                children[index] = Child(
                    number: children[index].number, process: try launch(children[index].number),
                    restarts: children[index].restarts + 1)
            } catch { coordinator.fail(error) }
        }
    }

    /// Waits for the workers to go by themselves, then sends SIGTERM, then SIGKILL.
    public func stop() {
        for signal in [nil, SIGTERM, SIGKILL] {
            for child in children where child.process.isRunning {
                if let signal { kill(child.process.processIdentifier, signal) }
            }
            let end = ContinuousClock.now + .seconds(2)
            while children.contains(where: \.process.isRunning), .now < end { usleep(2000) }
        }
        children = []
    }

    private static func describe(_ process: Process) -> String {
        let status = process.terminationStatus
        switch process.terminationReason {
        case .exit: return "exited with code \(status)"
        case .uncaughtSignal:
            return "killed by signal \(status) (\(String(cString: strsignal(status))))"
        @unknown default: return "ended with status \(status)"
        }
    }
}
