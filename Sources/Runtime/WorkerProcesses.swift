// SPDX-License-Identifier: Apache-2.0
//
// Worker processes of a run's own: the same program, started, watched and stopped.

import Foundation
import Glibc

/// The workers that a run starts itself, on this machine or by ssh on others.
public final class WorkerProcesses {
    private struct Child {
        let launch: WorkerLaunch
        var process: Process
        var output: ProcessOutput
        var started: ContinuousClock.Instant
        var rule: RestartRule
        /// When it is started again; nil while it runs.
        var restart: ContinuousClock.Instant?
    }

    /// Told what the workers print, and when one is started again.
    public var observer: (any RunObserver)?
    private let launches: [WorkerLaunch]
    private let restarts: Int
    private var children: [Child] = []
    private var isStarted = false
    private var endpoint = ""
    private var nextLook = ContinuousClock.now

    /// - Parameter restarts: How often a worker that dies is started again.
    public init(_ launches: [WorkerLaunch], restarts: Int = 3) {
        self.launches = launches
        self.restarts = restarts
    }

    public var count: Int { launches.count }

    /// Cores beyond one for each compute thread; negative if there are too few for them.
    public var spareCores: Int {
        Cores.available - launches.reduce(0) { $0 + ($1.localThreads ?? 0) }
    }

    /// Starts the workers, once: a run that goes back keeps them.
    ///
    /// - Parameter endpoint: Where the coordinator listens.
    public func start(at endpoint: String) throws(RuntimeError) {
        guard !isStarted else { return }
        self.endpoint = endpoint
        isStarted = true
        for launch in launches {
            let (process, output) = try start(launch, isFirst: true)
            children.append(
                Child(
                    launch: launch, process: process, output: output, started: .now,
                    rule: RestartRule(limit: restarts)))
        }
    }

    private func start(
        _ launch: WorkerLaunch, isFirst: Bool = false
    ) throws(RuntimeError) -> (Process, ProcessOutput) {
        let output = ProcessOutput()
        let process = launch.process(at: endpoint, isFirst: isFirst)
        process.standardOutput = output.pipe
        process.standardError = output.pipe
        do { try process.run() } catch {
            let path = process.executableURL?.path ?? ""
            throw RuntimeError(
                .system, "cannot start \(launch.name) (\(path)): \(error.localizedDescription)")
        }
        output.started()
        launch.tell(process)
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
            if child.launch.localThreads == nil
                || !coordinator.isDistrusted(name: child.launch.name)
            {
                trusted.append(child)
            }
        }
        let isLast = trusted.isEmpty && !children.isEmpty
        children = trusted
        if isLast {
            coordinator.fail(RuntimeError(.workerFailed, "no worker is left that computes right"))
        }
        var given: [Int] = []
        for index in children.indices {
            if let restart = children[index].restart {
                if restart <= now { self.restart(index, coordinator) }
            } else if children[index].process.isRunning {
                read(children[index], isLast: false)
            } else {
                read(children[index], isLast: true)
                if !bury(index, coordinator) { given.append(index) }
            }
        }
        for index in given.reversed() { children.remove(at: index) }
    }

    /// - Returns: False if it is not started again.
    private func bury(_ index: Int, _ coordinator: borrowing CoordinatorDoor) -> Bool {
        let child = children[index]
        let name = child.launch.name
        let how = child.launch.describe(child.process, child.output.lastLines)
        if child.launch.localThreads == nil {
            coordinator.workerEnded(name: name, how: how)
        } else {
            coordinator.processEnded(pid: Int(child.process.processIdentifier), how: how)
        }
        if let pause = children[index].rule.died(after: .now - child.started) {
            observer?.handle(
                .workerRestarted(
                    name: name, how: how, attempt: children[index].rule.restarts, limit: restarts))
            children[index].restart = .now + pause
            return true
        }
        // Other machines go on without it.
        if child.launch.localThreads == nil, children.count > 1 {
            observer?.handle(.workerGivenUp(name: name, how: how))
            return false
        }
        coordinator.fail(
            RuntimeError(
                .workerFailed, Self.obituary(name, how, child.output.lastLines, restarts)))
        return true
    }

    private func restart(_ index: Int, _ coordinator: borrowing CoordinatorDoor) {
        do throws(RuntimeError) {
            (children[index].process, children[index].output) = try start(children[index].launch)
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
            observer?.handle(.workerOutput(name: child.launch.name, line: line))
        }
    }

    /// Waits for the workers to go by themselves, then asks them to, then makes them.
    public func stop() {
        let ways: [(Child) -> Void] = [
            { _ in }, { $0.launch.dismiss($0.process) },
            { kill($0.process.processIdentifier, SIGKILL) },
        ]
        for way in ways {
            for child in children where child.process.isRunning { way(child) }
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
}
