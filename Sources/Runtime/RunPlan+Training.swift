// SPDX-License-Identifier: Apache-2.0

import Coordination
import Jobs

extension RunPlan {
    /// Draws name a pass over the data in twenty bits.
    private static let mostPasses = 1_000_000

    /// The plan of a job for data of a size.
    ///
    /// - Parameter validationSamples: nil for a run without validation data.
    init(
        _ training: TrainingOptions, trainingSamples: Int, validationSamples: Int?
    ) throws(RuntimeError) {
        var validated = validationSamples ?? 0
        if let steps = training.validationSteps {
            guard validated > 0 else {
                throw RuntimeError(
                    .dataset,
                    "training.validation_steps is \(steps), but the job has no validation data; "
                        + "leave it out, or set dataset.validation")
            }
            let all = (validated + training.batchSize - 1) / training.batchSize
            guard steps <= all else {
                throw RuntimeError(
                    .dataset,
                    "training.validation_steps is \(steps), but \(validated) validation images are "
                        + "\(all) batches of \(training.batchSize); leave it out to validate with all"
                )
            }
            validated = min(validated, steps * training.batchSize)
        }
        self.init(
            trainingSamples: trainingSamples, validationSamples: validated,
            batchSize: training.samplesPerStep, shardSize: training.shardSize,
            epochs: training.epochs,
            trainingSteps: training.stepsPerEpoch.map {
                ($0 - 1) / training.gradientAccumulationSteps + 1
            }, checkpointEvery: training.checkpointEvery)
        let passes = epochs * trainingStepsPerEpoch / stepsPerPass
        guard passes <= Self.mostPasses else {
            throw RuntimeError(
                .dataset,
                "\(epochs) epochs of \(trainingStepsPerEpoch) steps go through \(trainingSamples) images "
                    + "\(passes) times, at most \(Self.mostPasses) are possible; lower "
                    + "training.epochs or training.steps_per_epoch")
        }
    }
}
