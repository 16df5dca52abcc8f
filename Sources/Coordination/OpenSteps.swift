// SPDX-License-Identifier: Apache-2.0
//
// The window of steps that are worked on: the current one and the next.

/// At most two open steps, in order. Their ledgers are reused, so a step costs no allocation.
struct OpenSteps: Sendable {
    enum Opening: Equatable, Sendable { case none, current, both }

    enum Place: Equatable, Sendable {
        case committed
        /// The place in `ledgers`.
        case open(Int)
        case notPlanned
    }

    /// The current step and the next; only the first `count` mean anything.
    var ledgers = [StepLedger(), StepLedger()]
    private(set) var opening = Opening.none
    private var newest: StepID?

    var count: Int {
        switch opening {
        case .none: 0
        case .current: 1
        case .both: 2
        }
    }

    /// The first step that is not committed, as far as is known.
    var frontier: StepID { current?.step ?? newest?.advanced(by: 1) ?? StepID(raw: 0) }

    var current: StepLedger? { count > 0 ? ledgers[0] : nil }

    func place(of step: StepID) -> Place {
        for index in 0..<count where ledgers[index].step == step { return .open(index) }
        if let newest, step <= newest { return .committed }
        return .notPlanned
    }

    mutating func plan(_ step: StepID, shards: Int, chunks: Int, audit: AuditRule) {
        precondition(
            shards >= 1 && chunks >= 1, "step \(step) of \(shards) shards and \(chunks) chunks")
        if let newest {
            precondition(newest < step, "step \(step) is planned after step \(newest)")
        }
        newest = step
        switch opening {
        case .none:
            ledgers[0].reset(step: step, shards: shards, chunks: chunks, audit: audit)
            opening = .current
        case .current:
            ledgers[1].reset(step: step, shards: shards, chunks: chunks, audit: audit)
            opening = .both
        case .both:
            preconditionFailure(
                "step \(step) is planned, but \(ledgers[0].step) and \(ledgers[1].step) are open")
        }
    }

    /// The current step is done; the next one, if there is one, is now the current one.
    mutating func advance() {
        switch opening {
        case .none:
            preconditionFailure("no step is open, none can be committed")
        case .current:
            opening = .none
        case .both:
            ledgers.swapAt(0, 1)
            opening = .current
        }
    }
}
