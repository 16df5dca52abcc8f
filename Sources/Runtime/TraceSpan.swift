// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a timeline, and whoever draws it.

import Wire

/// A time in which one thread, or one line between two processes, did one thing.
public struct TraceSpan: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Samples are read, decoded and augmented.
        case data
        case forward
        case backward
        /// A sum of gradients is on its way to the coordinator.
        case send
        /// A chunk of weights is on its way to the worker.
        case receive
        /// A sum of gradients is added to others.
        case reduce
        /// A chunk of weights is stepped.
        case update
        case wait(WaitReason)
    }

    public enum WaitReason: String, Sendable, Equatable { case work, data, weights, workers }

    public var kind: Kind
    /// Of its process: 0 for a worker's `send`, 1 for its `receive`, 2 and more for threads.
    public var row: Int
    /// Nanoseconds, by the clock of its process.
    public var begin: Int64
    public var end: Int64
    /// As leases count them.
    package var step: UInt64
    /// A shard, or a chunk of gradients or weights.
    public var part: UInt64

    package init(
        kind: Kind, row: Int, begin: Int64, end: Int64, step: UInt64, part: UInt64
    ) {
        self.kind = kind
        self.row = row
        self.begin = begin
        self.end = end
        self.step = step
        self.part = part
    }
}

/// Draws the timeline of a run. Called on the coordinator's thread: it must return soon.
public protocol TraceSink: AnyObject {
    /// A process has come.
    ///
    /// - Parameter rows: Names of its rows.
    /// - Returns: Its number.
    func process(_ name: String, rows: [String]) -> Int

    /// - Parameters:
    ///   - span: By the coordinator's clock.
    ///   - step: Of the span, as the log counts them; from 1 in training.
    func add(_ span: TraceSpan, process: Int, phase: StepReport.Phase, step: Int)
}

/// The rows of a worker's process, and of the coordinator's.
enum TraceRow {
    static let send = 0
    static let receive = 1
    static func compute(_ number: Int) -> Int { 2 * number + 2 }
    static func data(_ number: Int) -> Int { 2 * number + 3 }

    /// Of the coordinator.
    static let loop = 2
    static let feed = 3

    static func names(threads: Int) -> [String] {
        ["send", "receive"]
            + (0..<threads).flatMap { ["compute \($0 + 1)", "data \($0 + 1)"] }
    }

    static let coordinator = ["", "", "coordinator", "data"]
}

extension TraceSpan {
    /// What a worker says of itself; nil of a kind that only a coordinator knows.
    ///
    /// - Parameter clock: Of the worker, when it says so.
    func message(at clock: Int64) -> Message.Trace.Span? {
        let kind: Message.Trace.Kind
        switch self.kind {
        case .data: kind = .data
        case .forward: kind = .forward
        case .backward: kind = .backward
        case .receive: kind = .receive
        case .wait(.work): kind = .waitForWork
        case .wait(.data): kind = .waitForData
        case .wait(.weights): kind = .waitForWeights
        case .update: kind = .update
        case .wait(.workers), .send, .reduce: return nil
        }
        return .init(
            kind: kind, row: row, age: UInt64(max(0, clock - begin)),
            duration: UInt64(max(0, end - begin)), step: step, part: part)
    }

    /// - Parameter clock: Of the worker as it said so, put into the coordinator's time.
    init(_ span: Message.Trace.Span, clock: Int64) {
        let kind: Kind =
            switch span.kind {
            case .data: .data
            case .forward: .forward
            case .backward: .backward
            case .receive: .receive
            case .waitForWork: .wait(.work)
            case .waitForData: .wait(.data)
            case .waitForWeights: .wait(.weights)
            case .update: .update
            }
        let begin = clock &- Int64(truncatingIfNeeded: span.age)
        self.init(
            kind: kind, row: span.row, begin: begin,
            end: begin &+ Int64(truncatingIfNeeded: span.duration), step: span.step,
            part: span.part)
    }
}
