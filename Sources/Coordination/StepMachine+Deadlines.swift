// SPDX-License-Identifier: Apache-2.0
//
// Who is silent, and who takes too long.

extension StepMachine {
    /// The time of `nextDeadline` has come: silent workers are evicted, overdue shards are leased to
    /// others. Called too early, it does nothing.
    ///
    /// Report first what has already arrived: a caller that was asleep for long is no reason to evict.
    public mutating func deadlinePassed(at now: Duration, into actions: inout [Action]) {
        advance(to: now)
        guard let nextDeadline, nextDeadline <= now else { return }
        while let silent = membership.silent(since: now - configuration.heartbeatTimeout) {
            actions.append(.evict(silent))
            remove(silent)
        }
        if steps.count > 0 { callOverdue(at: now, into: &actions) }
        leaseOut(at: now, into: &actions)
        updateDeadline()
    }

    /// The current step's leases whose time is over are overdue: they are no longer relied upon.
    ///
    /// Where nobody else could be asked, the same worker is asked again; not at once, for most likely
    /// it is only slow, but when it took sixteen times as long as it should. A connection that loses
    /// messages without breaking cannot stop a run.
    private mutating func callOverdue(at now: Duration, into actions: inout [Action]) {
        steps.ledgers[0].formCovered()
        for place in steps.ledgers[0].leases.open.indices {
            let lease = steps.ledgers[0].leases.open[place]
            guard let deadline = deadline(of: lease), deadline <= now else { continue }
            var changed = lease
            if steps.ledgers[0].isOpen(lease.shards) && isActive(lease.worker) && !lease.isReported
            {
                actions.append(.straggler(lease.worker, lease.lease.id))
                changed.isReported = true
            }
            if lease.patience >= Self.utmostPatience || hasOthers(than: lease) {
                changed.standing = .overdue
            }
            changed.patience = min(lease.patience * 2, Self.utmostPatience)
            steps.ledgers[0].leases.open[place] = changed
        }
    }

    private static let utmostPatience = 16

    private func isActive(_ worker: WorkerID) -> Bool {
        membership[worker]?.standing == .active
    }

    /// Whether there is a worker that was asked for none of the lease's shards. One that has sent a copy
    /// of an audited shard was.
    private func hasOthers(than lease: OpenLease) -> Bool {
        let ledger = steps.ledgers[0]
        let audited = ledger.audits.first(in: lease.shards)
        return membership.workers.contains { worker in
            worker.standing == .active && !ledger.leases.owes(worker.id, anyOf: lease.shards)
                && !(audited.map { ledger.audits.hasCopy(of: $0, from: worker.id) } ?? false)
        }
    }

    /// When a lease is overdue; `nil` if it is already, or if its step is not the current one.
    private func deadline(of lease: OpenLease) -> Duration? {
        switch (lease.standing, lease.start) {
        case (.overdue, _), (.onTime, nil):
            return nil
        case (.onTime, let start?):
            guard let median = pace.median else {
                return configuration.firstDeadline.map { start + $0 * lease.patience }
            }
            // The worker's own pace, for it got its share by that; but not so much of it that a
            // worker which got stuck is waited for the longer, the longer it is stuck.
            let own = membership[lease.worker]?.rate.map { 1 / $0 } ?? median
            let secondsPerShard = min(max(own, median), configuration.deadlineFactor * median)
            let predicted = Duration.seconds(secondsPerShard * Double(lease.load))
            let allowed = predicted * configuration.deadlineFactor + configuration.deadlineFloor
            return start + allowed * Double(lease.patience)
        }
    }

    /// Sets `nextDeadline` after anything but silence has changed; a word from a worker may leave it
    /// too early, which costs one call of `deadlinePassed` in a heartbeat's time.
    mutating func updateDeadline() {
        var next = membership.longestSilence.map { $0 + configuration.heartbeatTimeout }
        if let current = steps.current {
            for lease in current.leases.open {
                guard let deadline = deadline(of: lease) else { continue }
                next = min(next ?? deadline, deadline)
            }
        }
        nextDeadline = next
    }
}
