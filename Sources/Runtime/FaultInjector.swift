// SPDX-License-Identifier: Apache-2.0
//
// Makes a process suffer what a fault plan says.

import Foundation
import Glibc
import Jobs
import Synchronization

/// The faults of one process that have not struck yet.
public final class FaultInjector: Sendable {
    private struct State {
        var pending: [FaultPlan.Fault]
        var isCorrupt = false
        var wantsToReconnect = false
    }

    private let state: Mutex<State>
    private let stop: StopSignal

    /// - Parameters:
    ///   - worker: Whose faults they are.
    ///   - stop: Rung by `leave`.
    public init(_ plan: FaultPlan, worker: String, stop: StopSignal) {
        state = Mutex(State(pending: plan.faults.filter { $0.worker == worker }))
        self.stop = stop
    }

    /// Whether gradients are to be spoiled.
    var isCorrupt: Bool { state.withLock { $0.isCorrupt } }

    /// Whether the connections are to be broken, once.
    func takeReconnect() -> Bool {
        state.withLock { state in
            defer { state.wantsToReconnect = false }
            return state.wantsToReconnect
        }
    }

    /// A phase begins: whatever is due happens now.
    ///
    /// - Parameter step: As the log counts them, from 1.
    func strike(_ phase: FaultPlan.Phase, step: UInt64) {
        let due = state.withLock { state -> [FaultPlan.Fault] in
            let isDue = { (fault: FaultPlan.Fault) in
                fault.phase == phase && fault.step <= step
            }
            guard state.pending.contains(where: isDue) else { return [] }
            defer { state.pending.removeAll(where: isDue) }
            return state.pending.filter(isDue)
        }
        for fault in due { perform(fault) }
    }

    private func perform(_ fault: FaultPlan.Fault) {
        switch fault.action {
        case .kill: kill(getpid(), SIGKILL)
        case .stop: halt(seconds: fault.seconds)
        case .leave: stop.ring()
        case .corrupt: state.withLock { $0.isCorrupt = true }
        case .delay: Thread.sleep(forTimeInterval: fault.seconds)
        case .dropConnection: state.withLock { $0.wantsToReconnect = true }
        }
    }

    /// Who is stopped cannot start itself again: another process does.
    private func halt(seconds: Double) {
        let waker = Process()
        waker.executableURL = URL(fileURLWithPath: "/bin/sh")
        waker.arguments = ["-c", "sleep \(seconds); kill -CONT \(getpid())"]
        guard (try? waker.run()) != nil else { return }
        kill(getpid(), SIGSTOP)
    }
}

/// Strikes the coordinator when it commits a step.
public final class FaultObserver: RunObserver {
    private let faults: FaultInjector

    public init(_ faults: FaultInjector) { self.faults = faults }

    public func handle(_ event: RunEvent) {
        guard case .step(let report) = event, report.phase == .train else { return }
        faults.strike(.commit, step: UInt64(report.step))
    }
}
