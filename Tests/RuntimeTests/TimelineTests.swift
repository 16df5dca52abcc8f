// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct TimelineTests {
    private let recorder = SpanRecorder()

    private func spans() -> [TraceSpan] {
        var spans: [TraceSpan] = []
        recorder.take(into: &spans)
        return spans
    }

    /// Time passes, if only a little.
    private func pass() {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .microseconds(50) {}
    }

    @Test func aThreadDoesOneThingAtATime() {
        let timeline = Timeline(recorder, row: 2)
        timeline.begin(.forward, step: 4, part: 1)
        pass()
        timeline.interrupt(.wait(.weights))
        pass()
        timeline.resume()
        pass()
        timeline.begin(.backward, step: 4, part: 1)
        pass()
        timeline.end()
        let spans = spans()
        #expect(spans.map(\.kind) == [.forward, .wait(.weights), .forward, .backward])
        #expect(spans.allSatisfy { $0.step == 4 && $0.row == 2 && $0.begin < $0.end })
        for (left, right) in zip(spans, spans.dropFirst()) { #expect(left.end == right.begin) }
    }

    @Test func aWaitIsForTheStepThatComesNext() {
        let timeline = Timeline(recorder, row: 2)
        timeline.begin(.wait(.work))
        pass()
        // Woken for nothing.
        timeline.begin(.wait(.work))
        pass()
        timeline.begin(.forward, step: 7)
        pass()
        timeline.end()
        let spans = spans()
        #expect(spans.map(\.kind) == [.wait(.work), .forward])
        #expect(spans.map(\.step) == [7, 7])
    }

    @Test func whatFindsNoRoomIsLeftOut() {
        let timeline = Timeline(recorder, row: 2)
        for step in 0..<20_000 {
            timeline.begin(.forward, step: UInt64(step))
        }
        #expect(spans().count <= 1 << 14)
        timeline.begin(.backward, step: 1)
        pass()
        timeline.end()
        #expect(spans().last?.kind == .backward)
    }
}

@Suite struct ClockOffsetTests {
    private static let boot: Int64 = 3_600_000_000_000

    @Test func theQuickestMessageTellsHowClocksDiffer() {
        var offset = ClockOffset()
        for (index, delay) in [9_000_000, 250_000, 40_000_000].enumerated() {
            let left = Int64(index) * 1_000_000_000
            offset.messageCame(left: left, at: left + Self.boot + Int64(delay))
        }
        #expect(offset.value == Self.boot + 250_000)
    }

    @Test func clocksOfOneMachineAreOne() {
        var offset = ClockOffset()
        offset.messageCame(left: Self.boot, at: Self.boot + 300_000)
        #expect(offset.value == 0)
    }

    /// One that was quick long ago says nothing of clocks that drift.
    @Test func clocksThatDriftAreFollowed() {
        var offset = ClockOffset()
        for index in 0..<1000 {
            let left = Int64(index) * 200_000_000
            offset.messageCame(left: left, at: left + Self.boot + Int64(index) * 10_000)
        }
        // 64 to 128 messages behind.
        #expect((9_990_000 - 1_280_000...9_990_000).contains(offset.value - Self.boot))
    }
}
