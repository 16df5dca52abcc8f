// SPDX-License-Identifier: Apache-2.0
//
// The numbers a step machine is run with. None of them can change a bit of the result.

/// How patient a `StepMachine` is and how far it leases ahead.
public struct MachineConfiguration: Hashable, Sendable {
    /// A worker that was not heard of for this long is evicted: three missed heartbeats.
    public var heartbeatTimeout: Duration
    /// How many open steps a worker may hold leases of: 2 sends the next step's data while the current
    /// one computes, 1 does not. Work taken over from others comes on top; see `StepMachine`.
    public var leaseCredits: Int
    /// By how much, of the time of a step, a worker may be done after the others where that saves vectors.
    public var unevenness: Double
    /// A lease is overdue after this many times its predicted time ...
    public var deadlineFactor: Double
    /// ... and this much on top, for what has nothing to do with speed.
    public var deadlineFloor: Duration
    /// When a lease is overdue before any lease has finished, so that nothing is predicted yet.
    public var firstDeadline: Duration?
    /// Which shards two workers compute.
    public var audit: AuditRule

    public init(
        heartbeatTimeout: Duration = .seconds(3), leaseCredits: Int = 2,
        unevenness: Double = 3 / 16,
        deadlineFactor: Double = 4, deadlineFloor: Duration = .milliseconds(500),
        firstDeadline: Duration? = .seconds(300), audit: AuditRule = AuditRule(share: 0)
    ) {
        precondition(
            1...2 ~= leaseCredits, "leaseCredits is \(leaseCredits); a machine opens 1 or 2 steps")
        precondition(unevenness >= 0, "unevenness is \(unevenness); it adds to a share of 1")
        precondition(
            heartbeatTimeout > .zero && deadlineFactor > 0 && deadlineFloor >= .zero,
            "deadlines must lie in the future: heartbeatTimeout \(heartbeatTimeout), "
                + "deadlineFactor \(deadlineFactor), deadlineFloor \(deadlineFloor)")
        self.heartbeatTimeout = heartbeatTimeout
        self.leaseCredits = leaseCredits
        self.unevenness = unevenness
        self.deadlineFactor = deadlineFactor
        self.deadlineFloor = deadlineFloor
        self.firstDeadline = firstDeadline
        self.audit = audit
    }
}
