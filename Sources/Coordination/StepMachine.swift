// SPDX-License-Identifier: Apache-2.0
//
// The heart of a run: what has arrived, who owes what, what is to be done now.

/// Decides everything that happens between workers and steps, and does nothing itself.
///
/// A run is a sequence of steps; a step is a sum over shards, cut into chunks. The machine leases
/// ranges of shards to workers, takes note of every vector that comes back, says how to add them up,
/// and asks again where an answer fails to come. Inputs are past-tense events with the time at which
/// they happened; answers are `Action`s, appended in the order in which they are to be carried out.
///
/// What it promises, whatever workers and network do:
/// - **Exactly once.** Every shard is in a chunk's root once, added in the order of the tree
///   (`Coverage`). Vectors are known by step, chunk and node, never by sender, so a second copy is
///   recognised wherever it comes from, and what a lost worker has sent stays good.
/// - **Always asked for.** After every input each shard of a leased step is in all its sums, or an
///   active worker has time to bring it, or there is no active worker (`leaseOut`).
/// - **In order.** A step is reduced only after the one before is committed.
/// - **Bounded.** A worker never holds two leases of a step that overlap. So it owes at most the shards
///   of the open steps, and of those only its own share, unless it had to take over from others.
///
/// There are at most two open steps: the current one and the next. The next is leased ahead, if
/// `leaseCredits` is 2, so that its data travels while the current one computes.
public struct StepMachine: Sendable {
    public let configuration: MachineConfiguration
    /// When `deadlinePassed` is to be called if nothing else happens. May be early, never late.
    public internal(set) var nextDeadline: Duration?

    var membership = Membership()
    var steps = OpenSteps()
    var pace = Pace()
    var planner: SharePlanner
    var nextLease: UInt64 = 0
    /// Whether the caller knows that there is nobody to lease to.
    var saidWaiting = false
    private var now: Duration?

    public init(_ configuration: MachineConfiguration = .init()) {
        self.configuration = configuration
        planner = SharePlanner(unevenness: configuration.unevenness)
    }

    /// A worker is ready for work.
    ///
    /// - Precondition: `id` is above those of all workers before.
    public mutating func workerJoined(
        _ id: WorkerID, threads: Int, at now: Duration, into actions: inout [Action]
    ) {
        advance(to: now)
        membership.join(id, threads: threads, during: steps.frontier, at: now)
        saidWaiting = false
        for index in 0..<steps.count { steps.ledgers[index].audits.forgetReports() }
        leaseOut(at: now, into: &actions)
        updateDeadline()
    }

    /// Anything at all has come from a worker. Nothing happens if it is lost already.
    ///
    /// - Precondition: The worker has joined; so for all events of workers.
    public mutating func heard(from worker: WorkerID, at now: Duration) {
        advance(to: now)
        membership.hear(worker, at: now)
    }

    /// A worker wants to go: it gets nothing new, and others are asked for what it holds.
    public mutating func workerLeaving(
        _ id: WorkerID, at now: Duration, into actions: inout [Action]
    ) {
        advance(to: now)
        if membership.leave(id) { leaseOut(at: now, into: &actions) }
        updateDeadline()
    }

    /// A worker is gone: others are asked for what it has not sent.
    public mutating func workerLost(
        _ id: WorkerID, at now: Duration, into actions: inout [Action]
    ) {
        advance(to: now)
        remove(id)
        leaseOut(at: now, into: &actions)
        updateDeadline()
    }

    /// Opens a step.
    ///
    /// - Precondition: At most one is open, and all steps before had lower numbers.
    public mutating func stepPlanned(
        _ step: StepID, shards: Int, chunks: Int, at now: Duration, into actions: inout [Action]
    ) {
        advance(to: now)
        steps.plan(step, shards: shards, chunks: chunks, audit: configuration.audit)
        leaseOut(at: now, into: &actions)
        updateDeadline()
    }

    /// A vector has come. Its answer is either one `drop`, or `discard`s, one `store`, `merge`s and
    /// `pass`es up the tree, and `reduced` if that was the last of its chunk.
    public mutating func contributionArrived(
        _ contribution: Contribution, at now: Duration, into actions: inout [Action]
    ) {
        advance(to: now)
        membership.hear(contribution.worker, at: now)
        switch steps.place(of: contribution.step) {
        case .committed:
            actions.append(.drop(.stale))
        case .notPlanned:
            actions.append(.drop(.unknownStep))
        case .open(let index):
            if let reason = steps.ledgers[index].objection(to: contribution) {
                actions.append(.drop(reason))
                return
            }
            let judgement = judge(contribution, ofStepAt: index)
            let finished = steps.ledgers[index].take(
                contribution, judgement, isCurrent: index == 0, into: &actions)
            if let finished { finish(finished, at: now) }
            guard let judgement else { return }
            let isConviction = conclude(judgement, contribution, ofStepAt: index, into: &actions)
            if isConviction || finished != nil {
                leaseOut(at: now, into: &actions)
                updateDeadline()
            }
        }
    }

    /// The caller has stepped and published a chunk that was `reduced`. The last one commits the step:
    /// the next becomes the current one, and `commit` asks for another.
    ///
    /// - Precondition: The chunk was reduced, and this is the first time.
    public mutating func chunkApplied(
        step: StepID, chunk: Int, at now: Duration, into actions: inout [Action]
    ) {
        advance(to: now)
        switch steps.place(of: step) {
        case .open(0):
            if steps.ledgers[0].apply(chunk) { commit(at: now, into: &actions) }
        case .open, .committed, .notPlanned:
            preconditionFailure(
                "chunk \(chunk) of step \(step) is applied, but the current step is "
                    + "\(steps.current.map { "\($0.step)" } ?? "none")")
        }
    }

    // MARK: - What events have in common

    mutating func advance(to now: Duration) {
        if let last = self.now {
            precondition(last <= now, "time runs backwards, from \(last) to \(now)")
        }
        self.now = now
    }

    /// A worker and its leases are forgotten; the vectors it has sent are not.
    mutating func remove(_ id: WorkerID) {
        guard membership.lose(id) else { return }
        for index in 0..<steps.count { steps.ledgers[index].leases.removeAll(of: id) }
    }

    /// A worker has sent all that it had promised.
    private mutating func finish(_ lease: OpenLease, at now: Duration) {
        if let start = lease.start, let worker = membership[lease.worker] {
            let start = max(start, worker.busyUntil)
            membership.measured(lease.worker, shards: lease.shards.count, from: start, to: now)
            pace.measured(
                secondsPerShard: seconds(from: start, to: now) / Double(lease.shards.count))
        }
        updateDeadline()
    }

    private mutating func commit(at now: Duration, into actions: inout [Action]) {
        actions.append(.commit(steps.ledgers[0].step))
        for lease in steps.ledgers[0].leases.open {
            guard let start = lease.start, let worker = membership[lease.worker] else { continue }
            membership.exceeded(
                lease.worker, shards: lease.shards.count, from: max(start, worker.busyUntil),
                to: now)
        }
        steps.advance()
        if steps.count > 0 {
            steps.ledgers[0].begin(at: now, into: &actions)
            leaseOut(at: now, into: &actions)
        }
        updateDeadline()
    }
}
