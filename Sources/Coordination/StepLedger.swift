// SPDX-License-Identifier: Apache-2.0
//
// What is known of one open step.

/// One open step: what is stored of it, what was promised, what is applied.
struct StepLedger: Sendable {
    private(set) var step = StepID(raw: 0)
    private(set) var tree = ReductionTree(leaves: 1)
    private(set) var chunks = 0
    var coverage = Coverage()
    var leases = LeaseBook()
    var audits = AuditLedger()
    /// Shards that nobody needs to be asked for, as of the last `formCovered` or `formSettled`.
    private(set) var settled = BitSet()
    private var applied = BitSet()
    private(set) var appliedCount = 0

    /// Begins another step, with the memory of the one before.
    mutating func reset(step: StepID, shards: Int, chunks: Int, audit: AuditRule) {
        self.step = step
        self.chunks = chunks
        tree = ReductionTree(leaves: shards)
        coverage.reset(tree: tree, chunks: chunks)
        leases.reset(tree: tree, chunks: chunks)
        audits.reset(step: step, shards: shards, chunks: chunks, rule: audit)
        applied.reset(count: chunks)
        appliedCount = 0
    }

    var shards: Range<Int> { 0..<tree.leaves }

    var capacity: Int {
        coverage.capacity + leases.capacity + audits.capacity + settled.capacity
            + applied.capacity
    }

    /// Why a contribution to this step cannot be one; `nil` if it can.
    func objection(to contribution: Contribution) -> DropReason? {
        if !(0..<chunks ~= contribution.chunk) { return .unknownChunk }
        guard tree.contains(contribution.node) else { return .notANode }
        let range = tree.range(of: contribution.node)
        return range.count > 1 && audits.first(in: range) != nil ? .mixed : nil
    }

    /// Takes in a contribution, audited or not. Returns the lease that it completes, if any.
    mutating func take(
        _ contribution: Contribution, _ judgement: AuditLedger.Judgement?, isCurrent: Bool,
        into actions: inout [Action]
    ) -> OpenLease? {
        switch judgement {
        case nil, .accepted: add(contribution, isCurrent: isCurrent, into: &actions)
        case .held: actions.append(.drop(.held))
        case .repeated, .unproven: actions.append(.drop(.covered))
        case .refuted: actions.append(.drop(.refuted))
        }
        return leases.tick(contribution)
    }

    private mutating func add(
        _ contribution: Contribution, isCurrent: Bool, into actions: inout [Action]
    ) {
        switch coverage.insert(
            contribution.node, chunk: contribution.chunk, of: step, into: &actions)
        {
        case .covered: actions.append(.drop(.covered))
        case .stored: break
        case .completed: if isCurrent { actions.append(.reduced(step, contribution.chunk)) }
        }
    }

    /// The step before is committed: this is now the current one. A chunk that was complete ahead of
    /// its time is reduced now.
    mutating func begin(at now: Duration, into actions: inout [Action]) {
        leases.start(at: now)
        for chunk in 0..<chunks where coverage.isComplete(chunk) {
            actions.append(.reduced(step, chunk))
        }
    }

    /// Sets `settled` to the shards that are in the sums of all chunks.
    mutating func formCovered() {
        coverage.formCovered(&settled)
    }

    /// Sets `settled` to the shards that are in the sums of all chunks or that a worker is relied upon
    /// for, and to those that are audited, which are asked for otherwise.
    mutating func formSettled(by membership: Membership) {
        formCovered()
        for shard in audits.shards { settled.insert(shard) }
        for lease in leases.open {
            switch (lease.standing, membership[lease.worker]?.standing) {
            case (.onTime, .active): settled.insert(lease.shards)
            case (.onTime, .leaving), (.overdue, .active), (.overdue, .leaving): break
            case (_, nil):
                preconditionFailure("step \(step) has a lease of a lost worker: \(lease)")
            }
        }
    }

    /// How many active workers are relied upon for a copy of an audited shard.
    func promisedCopies(ofPlace place: Int, by membership: Membership) -> Int {
        leases.open.count {
            $0.standing == .onTime && $0.shards.contains(audits.shards[place])
                && membership[$0.worker]?.standing == .active
        }
    }

    /// Whether there are shards of this range that are not in `settled`.
    func isOpen(_ range: Range<Int>) -> Bool {
        settled.gap(from: range.lowerBound).map { $0.lowerBound < range.upperBound } ?? false
    }

    /// Returns whether this was the last chunk.
    mutating func apply(_ chunk: Int) -> Bool {
        precondition(
            0..<chunks ~= chunk && coverage.isComplete(chunk) && !applied.contains(chunk),
            "chunk \(chunk) of step \(step) is applied, but not reduced or applied before")
        applied.insert(chunk)
        appliedCount += 1
        return appliedCount == chunks
    }
}
