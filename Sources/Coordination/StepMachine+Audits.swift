// SPDX-License-Identifier: Apache-2.0
//
// Audited shards: asked of two, decided by those who agree, and what that says of the others.

extension StepMachine {
    /// The first step that would have to be done again if any worker were found to compute wrong now:
    /// checkpoints from before it may still be needed. Nil if nobody is there.
    public var auditHorizon: StepID? {
        var horizon = membership.workers.lazy.map(\.trusted).min()
        for ledger in steps.ledgers[..<steps.count] {
            for copy in ledger.audits.copies { horizon = min(horizon ?? copy.since, copy.since) }
        }
        return horizon
    }

    /// Leases the audited shards of a step, each alone, to as many workers as it takes to decide.
    ///
    /// - Returns: False if there is something to ask, and nobody at all.
    mutating func leaseAudits(
        ofStepAt index: Int, at now: Duration, into actions: inout [Action]
    ) -> Bool {
        for place in steps.ledgers[index].audits.shards.indices {
            let promised = steps.ledgers[index].promisedCopies(ofPlace: place, by: membership)
            guard let copies = steps.ledgers[index].audits.fewestCopies(ofPlace: place) else {
                continue
            }
            var missing = (copies == 0 && membership.activeCount > 1 ? 2 : 1) - promised
            guard missing > 0 else { continue }
            guard membership.hasActive else { return false }
            let shard = steps.ledgers[index].audits.shards[place]
            var isAsked = promised > 0
            while missing > 0, let auditor = auditor(ofPlace: place, ofStepAt: index) {
                grant(shard..<shard + 1, to: auditor, ofStepAt: index, at: now, into: &actions)
                membership.asked(auditor, lease: LeaseID(raw: nextLease))
                missing -= 1
                isAsked = true
            }
            if isAsked { continue }
            if let last = lastResort(ofPlace: place, ofStepAt: index) {
                grant(shard..<shard + 1, to: last, ofStepAt: index, at: now, into: &actions)
            } else if steps.ledgers[index].audits.report(place: place) {
                actions.append(.undecided(steps.ledgers[index].step, shard))
            }
        }
        return true
    }

    /// Of those who have not been asked for a shard, the one that was not audited for longest.
    private func auditor(ofPlace place: Int, ofStepAt index: Int) -> WorkerID? {
        let ledger = steps.ledgers[index]
        let shard = ledger.audits.shards[place]
        var best: Worker?
        for worker in membership.workers where worker.standing == .active {
            if ledger.leases.owes(worker.id, anyOf: shard..<shard + 1) { continue }
            if ledger.audits.hasCopy(of: shard, from: worker.id) { continue }
            if best.map({ worker.lastAudit < $0.lastAudit }) ?? true { best = worker }
        }
        return best?.id
    }

    /// Who is asked a second time when there is nobody else: one that is late, or else the only worker,
    /// whose word then counts, unless somebody has contradicted it.
    private func lastResort(ofPlace place: Int, ofStepAt index: Int) -> WorkerID? {
        let ledger = steps.ledgers[index]
        let shard = ledger.audits.shards[place]
        for worker in membership.workers where worker.standing == .active {
            if ledger.leases.owes(worker.id, anyOf: shard..<shard + 1) { return worker.id }
        }
        guard membership.activeCount == 1,
            let alone = membership.workers.first(where: { $0.standing == .active }),
            !ledger.audits.hasOthers(ofPlace: place, than: alone.id)
        else { return nil }
        return alone.id
    }

    /// Judges a copy of an audited shard; nil if it is none.
    mutating func judge(
        _ contribution: Contribution, ofStepAt index: Int
    ) -> AuditLedger.Judgement? {
        let range = steps.ledgers[index].tree.range(of: contribution.node)
        guard let shard = steps.ledgers[index].audits.first(in: range) else { return nil }
        // Nobody could be held to account for it.
        guard let worker = membership[contribution.worker] else { return .held }
        return steps.ledgers[index].audits.judge(
            contribution, shard: shard, since: worker.trusted,
            isAlone: worker.standing == .active && membership.activeCount == 1)
    }

    /// Draws the conclusions from a judgement: who can be trusted up to here, and who is put out.
    ///
    /// - Returns: Whether somebody was.
    mutating func conclude(
        _ judgement: AuditLedger.Judgement, _ contribution: Contribution, ofStepAt index: Int,
        into actions: inout [Action]
    ) -> Bool {
        switch judgement {
        case .held, .unproven:
            return false
        case .repeated:
            membership.trust(contribution.worker, from: contribution.step)
            return false
        case .refuted:
            let since = membership[contribution.worker]?.trusted ?? contribution.step
            convict(contribution.worker, since: since, into: &actions)
            return true
        case .accepted:
            let shard = steps.ledgers[index].tree.range(of: contribution.node).lowerBound
            let makers = steps.ledgers[index].audits.copies.filter {
                $0.shard == shard && $0.chunk == contribution.chunk
            }
            let honest = makers.filter { $0.fingerprint == contribution.fingerprint }
            if honest.count > 1 {
                for copy in honest { membership.trust(copy.worker, from: contribution.step) }
            }
            for copy in makers where copy.fingerprint != contribution.fingerprint {
                convict(copy.worker, since: copy.since, into: &actions)
            }
            return honest.count < makers.count
        }
    }

    private mutating func convict(
        _ id: WorkerID, since: StepID, into actions: inout [Action]
    ) {
        actions.append(.corrupt(id, since: since))
        for index in 0..<steps.count { steps.ledgers[index].audits.forget(id) }
        remove(id)
    }
}
