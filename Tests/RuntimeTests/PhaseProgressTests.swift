// SPDX-License-Identifier: Apache-2.0

import Coordination
import Runtime
import Testing

@Suite struct PhaseProgressTests {
    /// An epoch is two training steps, of 8 and 4 samples, and an evaluation of 6.
    private static func plan(validation: Int = 6) -> RunPlan {
        RunPlan(
            trainingSamples: 12, validationSamples: validation, batchSize: 8, shardSize: 4,
            epochs: 2)
    }

    private static func sums(_ loss: Double, _ correct: UInt64, _ samples: UInt64) -> NodeMetrics {
        NodeMetrics(lossSum: loss, correct: correct, samples: samples)
    }

    /// Commits steps one second apart.
    private static func commit(
        _ progress: inout PhaseProgress, _ steps: Range<UInt64>, _ sums: [NodeMetrics],
        plan: RunPlan = plan()
    ) -> [(StepReport, EpochReport?)] {
        zip(steps, sums).map { id, sums in
            progress.commit(
                plan.step(StepID(raw: id)), sums, plan: plan, digest: id, workers: 2,
                now: .seconds(Int(id) + 1), lastCommit: .seconds(Int(id)))
        }
    }

    @Test func meansAreOverThePhaseSoFar() {
        var progress = PhaseProgress()
        let reports = Self.commit(
            &progress, 0..<4,
            [Self.sums(16, 4, 8), Self.sums(2, 4, 4), Self.sums(3, 6, 6), Self.sums(8, 0, 8)])
        #expect(reports.map(\.0.loss) == [2, 1.5, 0.5, 1])
        #expect(reports.map(\.0.stepLoss) == [2, 0.5, 0.5, 1])
        #expect(reports.map(\.0.accuracy) == [0.5, 8.0 / 12, 1, 0])
        #expect(reports.map(\.0.phase) == [.train, .train, .validate, .train])
        #expect(reports.map(\.0.step) == [1, 2, 2, 3])
        #expect(reports.map(\.0.epoch) == [1, 1, 1, 2])
        #expect(reports.map(\.0.stepInEpoch) == [1, 2, 1, 1])
        #expect(reports.map(\.0.stepsInEpoch) == [2, 2, 1, 2])
        #expect(reports.map(\.0.imagesPerSecond) == [8, 6, 6, 8])
        #expect(reports.map(\.0.weightsDigest) == [0, 1, 2, 3])
    }

    @Test func anEpochEndsWithItsValidation() throws {
        var progress = PhaseProgress()
        let reports = Self.commit(
            &progress, 0..<3, [Self.sums(16, 4, 8), Self.sums(2, 4, 4), Self.sums(3, 3, 6)])
        #expect(reports[0].1 == nil && reports[1].1 == nil)
        let epoch = try #require(reports[2].1)
        #expect(
            epoch
                == EpochReport(
                    epoch: 1, epochs: 2, loss: 1.5, accuracy: 8.0 / 12, validationLoss: 0.5,
                    validationAccuracy: 0.5, seconds: 3, imagesPerSecond: 6))
    }

    @Test func withoutValidationAnEpochEndsWithItsTraining() throws {
        var progress = PhaseProgress()
        let reports = Self.commit(
            &progress, 0..<4,
            [Self.sums(16, 4, 8), Self.sums(2, 4, 4), Self.sums(8, 8, 8), Self.sums(4, 4, 4)],
            plan: Self.plan(validation: 0))
        #expect(reports.map { $0.1 == nil } == [true, false, true, false])
        let second = try #require(reports[3].1)
        #expect(second.epoch == 2 && second.loss == 1 && second.validationLoss == nil)
        #expect(second.seconds == 2)
    }

    @Test func aResumedEpochGoesOnWithItsSums() {
        var progress = PhaseProgress()
        progress.sums = Self.sums(16, 4, 8)
        let reports = Self.commit(&progress, 1..<2, [Self.sums(2, 4, 4)])
        #expect(reports[0].0.loss == 1.5)
        #expect(reports[0].0.imagesPerSecond == 4)
    }
}
