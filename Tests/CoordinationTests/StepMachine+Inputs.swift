// SPDX-License-Identifier: Apache-2.0
//
// Inputs that return their actions, for tables of events.

import Coordination

extension WorkerID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(raw: value) }
}

extension StepID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(raw: value) }
}

extension LeaseID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(raw: value) }
}

/// A node in two numbers.
func node(_ level: Int, _ index: Int) -> TreeNode { TreeNode(level: level, index: index) }

extension Action {
    static func lease(_ id: LeaseID, _ worker: WorkerID, _ step: StepID, _ shards: Range<Int>)
        -> Action
    {
        .lease(Lease(id: id, worker: worker, step: step, shards: shards))
    }
}

extension StepMachine {
    /// A machine with workers of that many threads, numbered from 0, and nothing to do yet.
    static func withWorkers(_ threads: Int..., as configuration: MachineConfiguration = .init())
        -> StepMachine
    {
        var machine = StepMachine(configuration)
        for (index, threads) in threads.enumerated() {
            _ = machine.joined(WorkerID(raw: UInt64(index)), threads: threads)
        }
        return machine
    }

    mutating func joined(_ id: WorkerID, threads: Int = 1, at now: Duration = .zero) -> [Action] {
        var actions: [Action] = []
        workerJoined(id, threads: threads, at: now, into: &actions)
        return actions
    }

    mutating func leaving(_ id: WorkerID, at now: Duration = .zero) -> [Action] {
        var actions: [Action] = []
        workerLeaving(id, at: now, into: &actions)
        return actions
    }

    mutating func lost(_ id: WorkerID, at now: Duration = .zero) -> [Action] {
        var actions: [Action] = []
        workerLost(id, at: now, into: &actions)
        return actions
    }

    mutating func planned(
        _ step: StepID, shards: Int, chunks: Int = 1, at now: Duration = .zero
    ) -> [Action] {
        var actions: [Action] = []
        stepPlanned(step, shards: shards, chunks: chunks, at: now, into: &actions)
        return actions
    }

    mutating func arrived(
        _ step: StepID, chunk: Int = 0, _ node: TreeNode, lease: LeaseID, from worker: WorkerID,
        saying fingerprint: UInt64 = 0, at now: Duration = .zero
    ) -> [Action] {
        var actions: [Action] = []
        let contribution = Contribution(
            worker: worker, step: step, chunk: chunk, node: node, lease: lease,
            fingerprint: fingerprint)
        contributionArrived(contribution, at: now, into: &actions)
        return actions
    }

    mutating func applied(
        _ step: StepID, chunk: Int = 0, at now: Duration = .zero
    ) -> [Action] {
        var actions: [Action] = []
        chunkApplied(step: step, chunk: chunk, at: now, into: &actions)
        return actions
    }

    mutating func deadline(at now: Duration) -> [Action] {
        var actions: [Action] = []
        deadlinePassed(at: now, into: &actions)
        return actions
    }
}
