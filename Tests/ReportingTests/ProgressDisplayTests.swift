// SPDX-License-Identifier: Apache-2.0

import Reporting
import Runtime
import Synchronization
import Testing

@Suite struct ProgressDisplayTests {
    @Test func terminalRedrawsAtMostFifteenTimesASecond() {
        let (sink, clock) = (RecordingSink(width: 100), TestClock())
        let display = ProgressDisplay(sink: sink, options: .init(), now: { clock.time })
        for step in 1...900 {
            var report = StepReport.example
            report.stepInEpoch = step
            display.handle(.step(report))
            clock.time += .milliseconds(4)
        }
        #expect((50...55).contains(sink.statuses.count))  // 3.6 s
        #expect(sink.lines.isEmpty)
    }

    @Test func epochReplacesTheBar() {
        let sink = RecordingSink(width: 100)
        let display = ProgressDisplay(sink: sink, options: .init(), now: { .zero })
        display.handle(.step(.example))
        display.handle(.epoch(.example))
        #expect(sink.statuses.last == .some(nil))
        #expect(sink.lines == [ProgressText.epoch(.example)])
    }

    @Test func logGetsALineEveryFiveSeconds() {
        let (sink, clock) = (RecordingSink(width: nil), TestClock())
        let display = ProgressDisplay(sink: sink, options: .init(), now: { clock.time })
        for _ in 0..<300 {
            display.handle(.step(.example))
            clock.time += .milliseconds(100)
        }
        #expect(sink.lines.count == 5)  // 30 s, the first line after 5
        #expect(sink.lines.first == ProgressText.plain(.example, epochs: 2))
    }

    @Test func quietLeavesTheResult() {
        let sink = RecordingSink(width: 100)
        var options = ProgressDisplay.Options()
        options.isQuiet = true
        let display = ProgressDisplay(sink: sink, options: options, now: { .zero })
        for event in allEvents { display.handle(event) }
        #expect(sink.lines == ["test accuracy 0.8934  loss 0.3021"])
        #expect(sink.statuses.isEmpty)
    }

    @Test func lastLineIsTheResult() {
        let sink = RecordingSink(width: nil)
        let display = ProgressDisplay(sink: sink, options: .init(), now: { .zero })
        for event in allEvents { display.handle(event) }
        #expect(sink.lines.last == "test accuracy 0.8934  loss 0.3021")
        #expect(
            sink.lines.dropLast().last
                == "saved runs/x/model.safetensors after 1:01; weights 0123456789abcdef")
    }

    @Test func ownWorkersJoinInSilenceUntilOneIsLost() {
        let sink = RecordingSink(width: nil)
        let display = ProgressDisplay(sink: sink, options: .init(), now: { .zero })
        display.handle(.started(.example))
        let before = sink.lines.count
        display.handle(.workerJoined(name: "w1", threads: 1, alive: 1, missing: 0))
        display.handle(.workerJoined(name: "w2", threads: 1, alive: 2, missing: 0))
        #expect(sink.lines.count == before)
        display.handle(.workerLost(name: "w1", reason: "killed by signal 9", alive: 1, owed: 0))
        display.handle(.workerJoined(name: "w3", threads: 2, alive: 2, missing: 0))
        #expect(
            Array(sink.lines.dropFirst(before)) == [
                "w1 lost: killed by signal 9 (1 worker)", "w3 joined with 2 threads (2 workers)",
            ])
    }

    @Test func slowWorkerIsNamedOnceInAWhile() {
        let (sink, clock) = (RecordingSink(width: nil), TestClock())
        let display = ProgressDisplay(sink: sink, options: .init(), now: { clock.time })
        for _ in 0..<40 {
            display.handle(.straggler(name: "w1"))
            clock.time += .seconds(1)
        }
        #expect(sink.lines.count == 2)
    }
}

@Suite struct JSONLogTests {
    @Test func stepHasStableKeys() {
        #expect(
            JSONLog.line(.step(.example))
                == #"{"event":"step","phase":"train","step":1250,"epoch":2,"step_in_epoch":312,"#
                + #""steps_in_epoch":938,"loss":0.63214,"accuracy":0.77123,"step_loss":0.5,"#
                + #""samples":64,"weights":"0000000000000000","images_per_second":8911.7,"workers_alive":2,"seconds":61.25}"#
        )
    }

    @Test func absentNumbersAreNull() {
        var report = EpochReport.example
        report.validationLoss = nil
        report.loss = .nan
        #expect(
            JSONLog.line(.epoch(report))
                == #"{"event":"epoch","epoch":2,"epochs":5,"loss":null,"accuracy":0.81231,"#
                + #""val_loss":null,"val_accuracy":0.86123,"seconds":12.34,"#
                + #""images_per_second":8911.7,"data_wait_seconds":0,"data_wait_share":0}"#)
    }

    @Test func textIsEscaped() {
        #expect(
            JSONLog.line(.workerLost(name: "a\"\\\u{1}\n", reason: "Zürich", alive: 0, owed: 0))
                == #"{"event":"worker_lost","worker":"a\"\\\u0001\n","reason":"Zürich","#
                + #""workers_alive":0,"owed_shards":0}"#)
    }

    @Test func everyEventIsOneLine() {
        for event in allEvents {
            let line = JSONLog.line(event)
            #expect(line.hasPrefix(#"{"event":""#) && line.hasSuffix("}"))
            #expect(!line.contains("\n"))
        }
    }

    @Test func missingFolderIsAnError() {
        #expect {
            _ = try JSONLog(path: "/nowhere/at/all.jsonl")
        } throws: { error in
            "\(error)"
                == "open /nowhere/at/all.jsonl: No such file or directory; "
                + "choose another file for --log-json"
        }
    }
}

private let allEvents: [RunEvent] = [
    .started(.example), .resumed(step: 12),
    .workerJoined(name: "w", threads: 2, alive: 3, missing: 0),
    .workerLost(name: "w", reason: "silent for 3 s", alive: 2, owed: 0), .straggler(name: "w"),
    .workerRestarted(name: "w", how: "exited with code 1", attempt: 1, limit: 3),
    .workerGivenUp(name: "w", how: "exited with code 1"),
    .workerOutput(name: "w", line: "error: no memory"),
    .workerRefused(reason: "worker w has other data"), .waitingForWorkers,
    .idleWorkers(active: 4, workers: 6), .step(.example), .epoch(.example),
    .checkpoint(path: "runs/x/checkpoint"),
    .finished(
        FinalReport(
            testLoss: 0.3021, testAccuracy: 0.8934, model: "runs/x/model.safetensors",
            weightsDigest: "0123456789abcdef0123", seconds: 61)),
]

extension RunInfo {
    fileprivate static let example = RunInfo(
        job: "fashion-mnist", output: "runs/x", endpoint: "tcp://127.0.0.1:7070", epochs: 5,
        stepsPerEpoch: 938, trainingSamples: 60_000, validationSamples: 10_000,
        testSamples: 10_000, batchSize: 64, shardSize: 16, blockSize: 8, parameters: 93_322,
        workers: 2)
}

private final class TestClock {
    var time = Duration.zero
}

private final class RecordingSink: TextSink {
    private struct State {
        var lines: [String] = []
        var statuses: [String?] = []
    }

    let width: Int?
    private let state = Mutex(State())

    init(width: Int?) { self.width = width }

    var lines: [String] { state.withLock { $0.lines } }
    var statuses: [String?] { state.withLock { $0.statuses } }
    func line(_ text: String) { state.withLock { $0.lines.append(text) } }
    func status(_ text: String?) { state.withLock { $0.statuses.append(text) } }
}
