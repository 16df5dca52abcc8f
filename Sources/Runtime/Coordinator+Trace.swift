// SPDX-License-Identifier: Apache-2.0
//
// The timeline of a run: what workers say of their threads, what the coordinator did itself, and how long
// sums and weights were on their way.

import Coordination
import Wire

/// The coordinator's own part of a timeline.
final class CoordinatorTrace {
    let sink: any TraceSink
    let recorder = SpanRecorder()
    let loop: Timeline
    fileprivate let process: Int
    fileprivate var spans: [TraceSpan] = []

    init(_ sink: any TraceSink) {
        self.sink = sink
        loop = Timeline(recorder, row: TraceRow.loop)
        process = sink.process("coordinator", rows: TraceRow.coordinator)
    }
}

/// What the coordinator knows of a worker for its timeline.
struct MemberTrace {
    fileprivate let process: Int
    /// Until when each row is drawn: nobody does two things at a time, whatever it says.
    fileprivate var until: [Int64]
    /// When each chunk of the last versions left: workers do not say at once that it came.
    fileprivate var published: [[Int64]]
    fileprivate var isComplete = false
    fileprivate static let versions = 64

    fileprivate init(process: Int, rows: Int, chunks: Int) {
        self.process = process
        until = Array(repeating: 0, count: rows)
        published = Array(repeating: Array(repeating: 0, count: chunks), count: Self.versions)
    }
}

extension Coordinator {
    /// The worker is about to work: it gets its rows.
    func beginTrace(_ index: Int) {
        guard let trace else { return }
        let names = TraceRow.names(threads: members[index].threads)
        members[index].trace = MemberTrace(
            process: trace.sink.process(members[index].name, rows: names), rows: names.count,
            chunks: run.chunks.chunks.count)
    }

    /// A worker has said what its threads did.
    func tell(_ message: Message.Trace, from index: Int) {
        let clock = here(message.clock, of: index, isNow: true)
        for span in message.spans {
            var span = TraceSpan(span, clock: clock)
            if span.kind == .receive {
                // It says when a chunk came; when it left is known here.
                let chunk = Int(truncatingIfNeeded: span.part)
                let version = Int(span.step % UInt64(MemberTrace.versions))
                guard let left = members[index].trace?.published[version],
                    left.indices.contains(chunk)
                else { continue }
                span.begin = left[chunk]
            }
            draw(span, of: index)
        }
        members[index].trace?.isComplete = message.isLast
    }

    /// A chunk of weights leaves for a worker.
    func noteLeaving(_ chunk: Int, _ version: UInt64, to index: Int) {
        guard trace != nil else { return }
        let place = Int(version % UInt64(MemberTrace.versions))
        members[index].trace?.published[place][chunk] = Monitor.now
    }

    /// A sum has come from a worker.
    func noteArrival(_ message: Message.Contribution, from index: Int) {
        guard trace != nil, message.ready > 0 else { return }
        draw(
            TraceSpan(
                kind: .send, row: TraceRow.send, begin: here(message.ready, of: index),
                end: Monitor.now, step: message.step, part: UInt64(message.chunk)), of: index)
    }

    /// Factors of a gradient have come from a worker.
    func noteArrival(_ message: Message.Factors, from index: Int) {
        guard let factors, let layer = factors.plan.layer(ofBucket: message.bucket) else { return }
        noteArrival(
            .init(
                session: message.session, lease: message.lease, step: message.step,
                chunk: factors.plan.layers[layer].chunks.lowerBound, level: 0,
                index: message.shard, checksum: 0, lossSum: 0, correct: 0, samples: 0,
                ready: message.ready), from: index)
    }

    /// Draws what the coordinator has done itself.
    func drawOwnTrace() {
        guard let trace else { return }
        trace.recorder.take(into: &trace.spans)
        for span in trace.spans { draw(span, process: trace.process) }
        trace.spans.removeAll(keepingCapacity: true)
    }

    /// The run is over. What workers have still to say of it is waited for, if they are quick.
    func endTrace() throws(RuntimeError) {
        guard trace != nil else { return }
        let end = now + .seconds(1)
        while now < end, members.contains(where: { $0.trace?.isComplete == false }) {
            try receiveLastWords()
        }
        drawOwnTrace()
    }

    /// A worker's time as the coordinator's.
    ///
    /// - Parameter isNow: The message that says so has just left.
    private func here(_ time: UInt64, of index: Int, isNow: Bool = false) -> Int64 {
        let time = Int64(truncatingIfNeeded: time)
        // Who comes by a Unix socket has the same clock.
        guard door != nil else { return time }
        if isNow { members[index].clock.messageCame(left: time, at: Monitor.now) }
        return time &+ members[index].clock.value
    }

    private func draw(_ span: TraceSpan, of index: Int) {
        guard let member = members[index].trace, member.until.indices.contains(span.row) else {
            return
        }
        var span = span
        span.begin = max(span.begin, member.until[span.row])
        guard span.begin <= span.end else { return }
        members[index].trace?.until[span.row] = span.end
        draw(span, process: member.process)
    }

    private func draw(_ span: TraceSpan, process: Int) {
        guard let trace else { return }
        // Weights are those that a training step has made.
        if span.kind == .receive {
            let step = Int(truncatingIfNeeded: span.step)
            return trace.sink.add(span, process: process, phase: .train, step: step)
        }
        guard span.step < run.plan.stepCount else { return }
        let step = run.plan.step(StepID(raw: span.step))
        let isTraining = step.kind == .train
        trace.sink.add(
            span, process: process, phase: isTraining ? .train : .validate,
            step: step.trainingStep + (isTraining ? 1 : 0))
    }
}
