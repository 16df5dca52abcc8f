// SPDX-License-Identifier: Apache-2.0
//
// From the numbers of a job to the steps of its run.

/// Every step of a run, computed from the job's numbers alone; nothing is stored, so any step can be
/// asked for at any time, and a restarted coordinator goes on with two integers.
///
/// An epoch is its training steps, then its evaluation steps. Training goes through its samples pass after
/// pass; without `trainingSteps` an epoch is one pass, with them it ends wherever that many steps end, and
/// the next one goes on there. No batch holds samples of two passes: the last one of a pass may be short,
/// as the last one of an evaluation may.
public struct RunPlan: Hashable, Sendable {
    public let trainingSamples: Int
    public let validationSamples: Int
    public let batchSize: Int
    public let evaluationBatch: Int
    public let shardSize: Int
    public let epochs: Int
    /// Training steps of an epoch; nil for one pass over the samples.
    public let trainingSteps: Int?
    public let checkpointEvery: Int?

    /// - Parameters:
    ///   - trainingSamples: 0 for a run that only evaluates.
    ///   - validationSamples: 0 for a run that does not.
    ///   - evaluationBatch: Samples in an evaluation step; by default the shards of 1024 samples.
    ///   - trainingSteps: Of an epoch; by default as many as one pass over the samples takes.
    ///   - checkpointEvery: Training steps; the end of an epoch is a checkpoint in any case.
    /// - Precondition: Sizes and epochs are at least 1, and there is a sample.
    public init(
        trainingSamples: Int, validationSamples: Int, batchSize: Int, evaluationBatch: Int? = nil,
        shardSize: Int, epochs: Int, trainingSteps: Int? = nil, checkpointEvery: Int? = nil
    ) {
        precondition(
            trainingSamples >= 0 && validationSamples >= 0
                && trainingSamples + validationSamples >= 1,
            "no run over \(trainingSamples) training and \(validationSamples) validation samples")
        precondition(
            batchSize >= 1 && shardSize >= 1 && epochs >= 1 && evaluationBatch ?? 1 >= 1
                && trainingSteps ?? 1 >= 1 && checkpointEvery ?? 1 >= 1,
            "no run with batchSize \(batchSize), evaluationBatch \(evaluationBatch ?? 1), shardSize "
                + "\(shardSize), epochs \(epochs), trainingSteps \(trainingSteps ?? 1), "
                + "checkpointEvery \(checkpointEvery ?? 1)")
        self.trainingSamples = trainingSamples
        self.validationSamples = validationSamples
        self.batchSize = batchSize
        self.evaluationBatch = evaluationBatch ?? dividingUp(1024, by: shardSize) * shardSize
        self.shardSize = shardSize
        self.epochs = epochs
        self.trainingSteps = trainingSteps
        self.checkpointEvery = checkpointEvery
    }

    /// Training steps that go through all samples once.
    public var stepsPerPass: Int { dividingUp(trainingSamples, by: batchSize) }
    public var trainingStepsPerEpoch: Int {
        trainingSamples == 0 ? 0 : trainingSteps ?? stepsPerPass
    }
    public var evaluationStepsPerEpoch: Int { dividingUp(validationSamples, by: evaluationBatch) }
    public var stepsPerEpoch: Int { trainingStepsPerEpoch + evaluationStepsPerEpoch }
    public var stepCount: Int { epochs * stepsPerEpoch }

    /// - Precondition: `id` is less than `stepCount`.
    public func step(_ id: StepID) -> PlannedStep {
        precondition(id.raw < stepCount, "step \(id) of a run of \(stepCount) steps")
        let (epoch, stepInEpoch) = Int(id.raw).quotientAndRemainder(dividingBy: stepsPerEpoch)
        let trains = stepInEpoch < trainingStepsPerEpoch
        let step = trains ? stepInEpoch : stepInEpoch - trainingStepsPerEpoch
        let batch = trains ? batchSize : evaluationBatch
        let trained = epoch * trainingStepsPerEpoch + min(stepInEpoch, trainingStepsPerEpoch)
        let (pass, place) =
            trains ? trained.quotientAndRemainder(dividingBy: stepsPerPass) : (epoch, step)
        let start = place * batch
        let end = min(start + batch, trains ? trainingSamples : validationSamples)
        let isDue = trains && checkpointEvery.map { (trained + 1).isMultiple(of: $0) } ?? false
        return PlannedStep(
            id: id, kind: trains ? .train : .evaluate, epoch: epoch, stepInPhase: step,
            stepsInPhase: trains ? trainingStepsPerEpoch : evaluationStepsPerEpoch,
            pass: pass, samples: start..<end, shards: dividingUp(end - start, by: shardSize),
            isLastOfEpoch: stepInEpoch + 1 == stepsPerEpoch,
            checkpointAfter: isDue || stepInEpoch + 1 == stepsPerEpoch, trainingStep: trained)
    }

    /// The positions of one shard; the last shard of a step may be short.
    ///
    /// - Precondition: `step` has the shard.
    public func samples(ofShard shard: Int, in step: PlannedStep) -> Range<Int> {
        precondition(
            0..<step.shards ~= shard, "shard \(shard) of step \(step.id), which has \(step.shards)")
        let start = step.samples.lowerBound + shard * shardSize
        return start..<min(start + shardSize, step.samples.upperBound)
    }
}

/// One step of a `RunPlan`.
public struct PlannedStep: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case train, evaluate }

    public let id: StepID
    public let kind: Kind
    /// From 0.
    public let epoch: Int
    /// From 0, among the steps of the same kind in this epoch.
    public let stepInPhase: Int
    public let stepsInPhase: Int
    /// From 0: how often all samples of its kind have been gone through before. Together with a sample's
    /// position it names every random draw, so the order, too, is that of the pass.
    public let pass: Int
    /// Positions in the pass's order.
    public let samples: Range<Int>
    public let shards: Int
    public let isLastOfEpoch: Bool
    public let checkpointAfter: Bool
    /// How many optimizer steps come before this one.
    public let trainingStep: Int

    public var isLastOfPhase: Bool { stepInPhase + 1 == stepsInPhase }
}

private func dividingUp(_ count: Int, by size: Int) -> Int {
    (count + size - 1) / size
}
