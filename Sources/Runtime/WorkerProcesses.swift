// SPDX-License-Identifier: Apache-2.0
//
// Worker processes on this machine: the same program, started, watched and stopped.

import Foundation
import Glibc

/// The workers that `convoy train --workers N` starts.
public final class LocalCluster {
    private struct Child {
        let number: Int
        var process: Process
        var output: ProcessOutput
        var started: ContinuousClock.Instant
        var rule: RestartRule
        /// When it is started again; nil while it runs.
        var restart: ContinuousClock.Instant?
    }

    /// Told what the workers print, and when one is started again.
    public var observer: (any RunObserver)?
    private let executable: String
    private let environment: [String: String]
    /// Of the workers' names.
    private let prefix: String
    /// Of each worker.
    private let threads: [Int]
    private let restarts: Int
    private let arguments: [String]
    private let firstArguments: [String]
    private var children: [Child] = []
    private var isStarted = false
    private var endpoint = ""
    private var nextLook = ContinuousClock.now

    /// - Parameters:
    ///   - executable: Path of the `convoy` program.
    ///   - threads: Of each worker.
    ///   - prefix: Of the workers' names.
    ///   - restarts: How often a worker that dies is started again.
    ///   - arguments: What else every worker is told.
    ///   - firstArguments: What those are told that are not started again.
    ///   - environment: What they know that nobody else may see.
    public init(
        executable: String, threads: [Int], prefix: String = "", restarts: Int = 3,
        arguments: [String] = [], firstArguments: [String] = [],
        environment: [String: String] = [:]
    ) {
        self.environment = environment
        self.executable = executable
        self.prefix = prefix
        self.threads = threads
        self.restarts = restarts
        self.arguments = arguments
        self.firstArguments = firstArguments
    }

    public var workers: Int { threads.count }

    /// Cores that no compute thread keeps to itself; negative if there are too few for them.
    public var spareCores: Int { Cores.available - threads.reduce(0, +) }

    /// Starts the workers, once: a run that goes back keeps them.
    ///
    /// - Parameter endpoint: Where the coordinator listens.
    public func start(at endpoint: String) throws(RuntimeError) {
        guard !isStarted else { return }
        // A coordinator that listens everywhere listens here.
        self.endpoint = endpoint.replacingOccurrences(of: "//0.0.0.0:", with: "//127.0.0.1:")
        isStarted = true
        for number in threads.indices {
            let (process, output) = try launch(number, firstArguments)
            children.append(
                Child(
                    number: number, process: process, output: output, started: .now,
                    rule: RestartRule(limit: restarts)))
        }
    }

    private func name(_ number: Int) -> String { "\(prefix)worker-\(number + 1)" }

    private func launch(
        _ number: Int, _ more: [String] = []
    ) throws(RuntimeError) -> (Process, ProcessOutput) {
        let process = Process()
        let output = ProcessOutput()
        process.executableURL = URL(fileURLWithPath: executable)
        let core = threads[..<number].reduce(0, +)
        process.arguments =
            [
                "worker", "--name", name(number), "--connect", endpoint,
                "--threads", "\(threads[number])", "--parent", "\(getpid())",
            ] + (spareCores >= 0 ? ["--core", "\(core)"] : []) + arguments + more
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = output.pipe
        do { try process.run() } catch {
            throw RuntimeError(
                .system,
                "cannot start \(name(number)) (\(executable)): \(error.localizedDescription)")
        }
        output.started()
        return (process, output)
    }

    /// Tells the coordinator of workers that have died, and starts them again; those that have computed
    /// wrong are let go.
    public func watch(_ coordinator: borrowing CoordinatorDoor) {
        let now = ContinuousClock.now
        guard now >= nextLook else { return }
        nextLook = now + .milliseconds(50)
        var trusted: [Child] = []
        for child in children {
            if !coordinator.isDistrusted(name: name(child.number)) { trusted.append(child) }
        }
        let isLast = trusted.isEmpty && !children.isEmpty
        children = trusted
        if isLast {
            coordinator.fail(RuntimeError(.workerFailed, "no worker is left that computes right"))
        }
        for index in children.indices {
            if let restart = children[index].restart {
                if restart <= now { self.restart(index, coordinator) }
            } else if children[index].process.isRunning {
                read(children[index], isLast: false)
            } else {
                read(children[index], isLast: true)
                bury(index, coordinator)
            }
        }
    }

    private func bury(_ index: Int, _ coordinator: borrowing CoordinatorDoor) {
        let child = children[index]
        let name = name(child.number)
        let how = Self.describe(child.process)
        coordinator.processEnded(pid: Int(child.process.processIdentifier), how: how)
        guard let pause = children[index].rule.died(after: .now - child.started) else {
            coordinator.fail(
                RuntimeError(
                    .workerFailed, Self.obituary(name, how, child.output.lastLines, restarts)))
            return
        }
        observer?.handle(
            .workerRestarted(
                name: name, how: how, attempt: children[index].rule.restarts, limit: restarts))
        children[index].restart = .now + pause
    }

    private func restart(_ index: Int, _ coordinator: borrowing CoordinatorDoor) {
        do throws(RuntimeError) {
            (children[index].process, children[index].output) = try launch(children[index].number)
            children[index].started = .now
            children[index].restart = nil
        } catch { coordinator.fail(error) }
    }

    /// The last word about a worker that is given up: which one, how it ended, what it said.
    package static func obituary(
        _ name: String, _ how: String, _ lines: [String], _ restarts: Int
    ) -> String {
        (restarts == 0 ? "\(name) \(how)" : "\(name) died \(restarts + 1) times; at last it \(how)")
            + (lines.isEmpty ? "; it said nothing" : "; the last it said:")
            + lines.map { "\n  \(name): \($0)" }.joined()
    }

    private func read(_ child: Child, isLast: Bool) {
        child.output.read(isLast: isLast) { line in
            observer?.handle(.workerOutput(name: name(child.number), line: line))
        }
    }

    /// Waits for the workers to go by themselves, then sends SIGTERM, then SIGKILL.
    public func stop() {
        for signal in [nil, SIGTERM, SIGKILL] {
            for child in children where child.process.isRunning {
                if let signal { kill(child.process.processIdentifier, signal) }
            }
            let end = ContinuousClock.now + .seconds(2)
            while children.contains(where: \.process.isRunning), .now < end {
                // Whoever writes must not wait for a reader.
                for child in children { read(child, isLast: false) }
                usleep(2000)
            }
        }
        for child in children where child.restart == nil { read(child, isLast: true) }
        children = []
    }

    private static func describe(_ process: Process) -> String {
        let status = process.terminationStatus
        switch process.terminationReason {
        case .exit: return "exited with code \(status)"
        case .uncaughtSignal:
            return "was killed by signal \(status) (\(String(cString: strsignal(status))))"
                + (status == SIGKILL ? ", as the system does when memory runs out" : "")
        @unknown default: return "ended with status \(status)"
        }
    }
}
