// SPDX-License-Identifier: Apache-2.0
//
// What the threads of a process have been doing, written down as they go.

import Synchronization

/// The spans of a process's threads until somebody takes them. What finds no room is left out: nothing is
/// allocated when a span is noted.
package final class SpanRecorder: Sendable {
    private let spans: Mutex<[TraceSpan]>
    private static let capacity = 1 << 14

    package init() {
        var spans: [TraceSpan] = []
        spans.reserveCapacity(Self.capacity)
        self.spans = Mutex(spans)
    }

    package func note(_ span: TraceSpan) {
        spans.withLock { if $0.count < Self.capacity { $0.append(span) } }
    }

    var count: Int { spans.withLock(\.count) }

    /// All of them, appended to `list`.
    package func take(into list: inout [TraceSpan]) {
        spans.withLock { spans in
            list.append(contentsOf: spans)
            spans.removeAll(keepingCapacity: true)
        }
    }
}

/// One thread's row: it does one thing at a time.
package final class Timeline {
    private let recorder: SpanRecorder
    private let row: Int
    private var current: Activity?
    private var interrupted: [Activity?] = []

    private struct Activity {
        let kind: TraceSpan.Kind
        var since: Int64
        /// Nil while it is not known: a wait is for the step that comes next.
        let step: UInt64?
        let part: UInt64
    }

    package init(_ recorder: SpanRecorder, row: Int) {
        self.recorder = recorder
        self.row = row
        interrupted.reserveCapacity(8)
    }

    /// The thread turns to something else.
    package func begin(_ kind: TraceSpan.Kind, step: UInt64? = nil, part: Int = 0) {
        let now = Monitor.now
        if let current, current.kind == kind, current.step == step, current.part == part { return }
        note(until: now, next: step)
        current = Activity(kind: kind, since: now, step: step, part: UInt64(part))
    }

    /// The thread turns to nothing in particular.
    package func end() {
        note(until: Monitor.now, next: nil)
        current = nil
    }

    /// The thread turns to something else for a moment, until `resume`.
    package func interrupt(_ kind: TraceSpan.Kind, step: UInt64? = nil, part: Int = 0) {
        interrupted.append(current)
        begin(kind, step: step ?? current?.step, part: part)
    }

    package func resume() {
        let now = Monitor.now
        let before = interrupted.removeLast()
        note(until: now, next: before?.step)
        current = before
        current?.since = now
    }

    private func note(until now: Int64, next: UInt64?) {
        guard let current, now > current.since, let step = current.step ?? next else { return }
        recorder.note(
            TraceSpan(
                kind: current.kind, row: row, begin: current.since, end: now, step: step,
                part: current.part))
    }
}
