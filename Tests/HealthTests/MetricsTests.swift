// SPDX-License-Identifier: Apache-2.0

import Health
import Layers
import Runtime
import Testing

@Suite struct MetricsTests {
    /// After 5 of 40 steps, with one worker of an awkward name.
    private static var board: HealthBoard {
        let board = HealthBoard()
        board.handle(.started(.example))
        board.handle(.workerJoined(name: "a\"b\\c", threads: 2, alive: 1, missing: 0))
        for step in 1...5 { board.handle(.step(.example(step))) }
        board.handle(.workerLost(name: "d", reason: "silent for 3 s", alive: 1, owed: 2))
        board.handle(.checkpoint(path: "runs/x/checkpoints/5"))
        board.publish(
            ClusterStatus(workers: [
                .init(
                    name: "a\"b\\c", threads: 2, arrivalLag: 0.25, owedShards: 3, reason: "computes"
                )
            ]))
        return board
    }

    @Test func eachFamilyHasHelpAndTypeAndItsSamples() {
        let lines = Self.board.metrics.split(separator: "\n").map(String.init)
        for line in [
            "convoy_steps_total 5", "convoy_samples_total 590", "convoy_workers 1",
            "convoy_workers_lost_total 1", "convoy_checkpoints_total 1", "convoy_loss 0.5",
            #"convoy_worker_arrival_lag_seconds{worker="a\"b\\c"} 0.25"#,
            #"convoy_worker_owed_shards{worker="a\"b\\c"} 3"#,
        ] { #expect(lines.contains(line), "\(line)") }
        for line in lines where !line.hasPrefix("#") {
            let name = line.prefix { $0 != " " && $0 != "{" }
            #expect(lines.contains { $0.hasPrefix("# HELP \(name) ") }, "\(name)")
            #expect(lines.contains { $0.hasPrefix("# TYPE \(name) ") }, "\(name)")
        }
    }

    @Test func theStatusNamesWhoIsWaitedForAndWhy() {
        let text = Self.board.status
        #expect(text.contains(#""a\"b\\c computes: 3 shards""#), "\(text)")
        #expect(text.contains(#""arrival_lag" : 0.25"#), "\(text)")
        #expect(text.contains(#""last_lost_worker" : "d: silent for 3 s""#), "\(text)")
        #expect(text.contains(#""step" : 5"#) && text.contains(#""steps" : 40"#), "\(text)")
    }

    @Test func metricsOfTheJobAreThoseOfTheLastEpoch() {
        let board = Self.board
        #expect(!board.metrics.contains("convoy_validation_metric"))
        #expect(!board.status.contains("validation_metrics"))
        board.handle(
            .epoch(
                EpochReport(
                    epoch: 1, epochs: 2, loss: 0.5, accuracy: 0.75, validationLoss: 0.625,
                    validationMetrics: MetricResults(values: [
                        .init(name: "auc", value: 0.875), .init(name: "precision_1", value: 0.25),
                    ]), seconds: 1, imagesPerSecond: 1000)))
        let lines = board.metrics.split(separator: "\n")
        #expect(lines.contains(#"convoy_validation_metric{metric="auc"} 0.875"#))
        #expect(lines.contains(#"convoy_validation_metric{metric="precision_1"} 0.25"#))
        #expect(board.status.contains(#""precision_1" : 0.25"#), "\(board.status)")
    }

    /// Starting up may take long, and so may the evaluation at the end; in between the loop turns.
    @Test func onlyALoopThatDoesNotTurnIsAnAilment() {
        let board = HealthBoard()
        let later = ContinuousClock.now + .seconds(3600)
        #expect(board.ailment(at: later) == nil)
        board.handle(.started(.example))
        #expect(board.ailment(at: .now) == nil)
        #expect(board.ailment(at: later) != nil)
        for step in 1...40 { board.handle(.step(.example(step))) }
        #expect(board.ailment(at: later) == nil)
    }
}

extension RunInfo {
    fileprivate static let example = RunInfo(
        job: "x", output: "runs/x", endpoint: "tcp://127.0.0.1:7070", epochs: 2, stepsPerEpoch: 20,
        trainingSamples: 2360, validationSamples: 0, testSamples: 0, batchSize: 118, shardSize: 16,
        blockSize: 8, parameters: 10, workers: 1)
}

extension StepReport {
    fileprivate static func example(_ step: Int) -> StepReport {
        StepReport(
            step: step, epoch: 1, stepInEpoch: step, stepsInEpoch: 20, phase: .train, loss: 0.5,
            accuracy: 0.75, stepLoss: 0.5, samples: 118, imagesPerSecond: 1000, workersAlive: 1,
            seconds: 1)
    }
}
