// SPDX-License-Identifier: Apache-2.0

import Coordination
import Testing

@Suite struct RunPlanTests {
    /// Ten samples in batches of four, seven to validate in evaluation batches of five; shards of two.
    private let plan = RunPlan(
        trainingSamples: 10, validationSamples: 7, batchSize: 4, evaluationBatch: 5, shardSize: 2,
        epochs: 2, checkpointEvery: 2)

    private func step(_ number: UInt64) -> PlannedStep { plan.step(StepID(raw: number)) }

    @Test func anEpochIsItsTrainingStepsAndThenItsEvaluationSteps() {
        #expect(plan.stepCount == 10)
        #expect((0..<10).map { step($0).kind == .train } == [true, true, true, false, false] * 2)
        #expect((0..<10).map { step($0).epoch } == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
        #expect((0..<10).map { step($0).stepInPhase } == [0, 1, 2, 0, 1] * 2)
        #expect((0..<5).map { step($0).stepsInPhase } == [3, 3, 3, 2, 2])
        #expect((0..<5).map { step($0).isLastOfPhase } == [false, false, true, false, true])
        #expect((0..<10).map { step($0).trainingStep } == [0, 1, 2, 3, 3, 3, 4, 5, 6, 6])
    }

    @Test func theLastBatchAndTheLastShardMayBeShort() {
        #expect((0..<5).map { step($0).samples } == [0..<4, 4..<8, 8..<10, 0..<5, 5..<7])
        #expect((0..<5).map { step($0).shards } == [2, 2, 1, 3, 1])
        #expect((0..<3).map { plan.samples(ofShard: $0, in: step(3)) } == [0..<2, 2..<4, 4..<5])
        #expect(plan.samples(ofShard: 0, in: step(2)) == 8..<10)
    }

    /// After the second, fourth and sixth training step, and at the end of each epoch.
    @Test func checkpointsAreWhereTheyAreAskedForAndAfterEveryEpoch() {
        #expect((0..<10).filter { step($0).checkpointAfter } == [1, 4, 5, 7, 9])
    }

    @Test func withoutValidationAnEpochEndsWithItsTraining() {
        let plan = RunPlan(
            trainingSamples: 5, validationSamples: 0, batchSize: 2, shardSize: 1, epochs: 3)
        #expect(plan.stepCount == 9)
        #expect((0..<9).filter { plan.step(StepID(raw: $0)).checkpointAfter } == [2, 5, 8])
    }

    /// A pass takes three steps, an epoch two of them: the second epoch ends in the second pass.
    @Test func anEpochOfFewerStepsThanAPassGoesOnInTheNextOne() {
        let plan = RunPlan(
            trainingSamples: 10, validationSamples: 4, batchSize: 4, evaluationBatch: 5,
            shardSize: 2, epochs: 3, trainingSteps: 2)
        #expect(plan.stepCount == 9 && plan.trainingStepsPerEpoch == 2)
        let steps = (0..<9).map { plan.step(StepID(raw: $0)) }
        #expect(steps.map { $0.kind == .train } == [true, true, false] * 3)
        #expect(steps.map(\.epoch) == [0, 0, 0, 1, 1, 1, 2, 2, 2])
        #expect(steps.filter { $0.kind == .train }.map(\.pass) == [0, 0, 0, 1, 1, 1])
        #expect(
            steps.filter { $0.kind == .train }.map(\.samples)
                == [0..<4, 4..<8, 8..<10, 0..<4, 4..<8, 8..<10])
        #expect(steps.filter { $0.kind == .evaluate }.map(\.samples) == [0..<4] * 3)
        #expect(steps.map(\.isLastOfPhase) == [false, true, true] * 3)
        #expect(steps.map(\.trainingStep) == [0, 1, 2, 2, 3, 4, 4, 5, 6])
    }

    /// However a run is cut into epochs, its training steps are the same.
    @Test(arguments: [1, 2, 3, 4, 6, 12])
    func epochsOfAnyLengthTrainOnTheSameBatches(steps: Int) {
        func training(_ plan: RunPlan) -> [[Int]] {
            (0..<UInt64(plan.stepCount)).map { plan.step(StepID(raw: $0)) }
                .filter { $0.kind == .train }
                .map { [$0.trainingStep, $0.pass, $0.samples.lowerBound, $0.samples.upperBound] }
        }
        let whole = RunPlan(
            trainingSamples: 10, validationSamples: 3, batchSize: 4, shardSize: 2, epochs: 4)
        let cut = RunPlan(
            trainingSamples: 10, validationSamples: 3, batchSize: 4, shardSize: 2,
            epochs: 12 / steps, trainingSteps: steps)
        #expect(training(whole).count == 12 && training(cut) == training(whole))
    }

    @Test func aRunMayOnlyEvaluate() {
        let plan = RunPlan(
            trainingSamples: 0, validationSamples: 2000, batchSize: 1, shardSize: 24, epochs: 1)
        #expect(plan.evaluationBatch == 1032)
        #expect(plan.stepCount == 2)
        #expect(plan.step(1).samples == 1032..<2000)
        #expect(plan.step(1).kind == .evaluate)
    }

    @Test func everySampleIsInOneShardOfAnEpoch() {
        for (samples, batch, shard) in [(1, 1, 1), (17, 5, 2), (100, 64, 16), (100, 200, 7)] {
            let plan = RunPlan(
                trainingSamples: samples, validationSamples: 0, batchSize: batch, shardSize: shard,
                epochs: 1)
            var next = 0
            for number in 0..<plan.stepCount {
                let step = plan.step(StepID(raw: UInt64(number)))
                for shard in 0..<step.shards {
                    let positions = plan.samples(ofShard: shard, in: step)
                    #expect(positions.lowerBound == next && !positions.isEmpty)
                    next = positions.upperBound
                }
            }
            #expect(next == samples)
        }
    }
}

private func * <Element>(elements: [Element], count: Int) -> [Element] {
    (0..<count).flatMap { _ in elements }
}
