// SPDX-License-Identifier: Apache-2.0
//
// One rule for all of it: a shard that nobody is relied upon for is leased.

extension StepMachine {
    /// Leases whatever shards of the open steps are neither in all sums nor relied upon to come.
    ///
    /// A new step, a first worker, a loss, a farewell and a missed deadline all end here; they differ
    /// only in the shards that are left over.
    mutating func leaseOut(at now: Duration, into actions: inout [Action]) {
        for index in 0..<min(steps.count, configuration.leaseCredits) {
            guard leaseAudits(ofStepAt: index, at: now, into: &actions) else {
                return sayWaiting(into: &actions)
            }
            steps.ledgers[index].formSettled(by: membership)
            var from = 0
            while let shards = steps.ledgers[index].settled.gap(from: from) {
                guard membership.hasActive else { return sayWaiting(into: &actions) }
                lease(shards, ofStepAt: index, at: now, into: &actions)
                from = shards.upperBound
            }
        }
    }

    private mutating func sayWaiting(into actions: inout [Action]) {
        if !saidWaiting { actions.append(.waiting) }
        saidWaiting = true
    }

    /// Leases shards to those who were not asked for any of them before; if there are none such, to
    /// all.
    private mutating func lease(
        _ shards: Range<Int>, ofStepAt index: Int, at now: Duration, into actions: inout [Action]
    ) {
        let isWhole =
            shards == steps.ledgers[index].shards && steps.ledgers[index].leases.open.isEmpty
        nominate(forStepAt: index, unlessAskedFor: shards)
        if planner.candidates.isEmpty { nominate(forStepAt: index, unlessAskedFor: 0..<0) }
        planner.plan(shards, in: steps.ledgers[index].tree)
        for candidate in planner.candidates {
            if candidate.shards.isEmpty {
                if isWhole { membership.pardon(candidate.worker) }
                continue
            }
            grant(
                candidate.shards, to: candidate.worker, ofStepAt: index, at: now, into: &actions)
        }
    }

    mutating func grant(
        _ shards: Range<Int>, to worker: WorkerID, ofStepAt index: Int, at now: Duration,
        into actions: inout [Action]
    ) {
        let patience = steps.ledgers[index].leases.removeAll(of: worker, overlapping: shards)
        let lease = Lease(
            id: LeaseID(raw: nextLease), worker: worker, step: steps.ledgers[index].step,
            shards: shards)
        nextLease += 1
        steps.ledgers[index].leases.add(lease, patience: patience, start: index == 0 ? now : nil)
        actions.append(.lease(lease))
    }

    private mutating func nominate(forStepAt index: Int, unlessAskedFor shards: Range<Int>) {
        planner.candidates.removeAll(keepingCapacity: true)
        for (place, worker) in membership.workers.enumerated() where worker.standing == .active {
            if steps.ledgers[index].leases.owes(worker.id, anyOf: shards) { continue }
            planner.candidates.append(
                Candidate(
                    worker: worker.id, rate: membership.rate(at: place),
                    backlog: steps.ledgers[index].leases.load(of: worker.id)))
        }
    }
}
