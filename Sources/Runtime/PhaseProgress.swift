// SPDX-License-Identifier: Apache-2.0
//
// The sums behind the reports of a run.

import Coordination
import Layers

/// Adds up committed steps over a phase (the training or the validation of one epoch).
package struct PhaseProgress {
    package var sums = NodeMetrics()
    /// What the metrics have counted; empty in a training, and where there are none.
    package var counts: [UInt64] = []
    /// Images since the phase began here (a resumed epoch counts from where it was resumed).
    private var imagesHere = 0
    private var began: Duration?
    private var epochBegan: Duration?
    /// Of the epoch that is being validated.
    package var training: (loss: Double, accuracy: Double)?
    private var trainingSpeed = Double.nan

    /// A regression has no accuracy; it is NaN in reports.
    private let hasAccuracy: Bool
    private let metrics: MetricCounts?

    package init(hasAccuracy: Bool = true, metrics: MetricCounts? = nil) {
        self.hasAccuracy = hasAccuracy
        self.metrics = metrics
    }

    private var accuracy: Double { hasAccuracy ? sums.accuracy : .nan }

    /// - Returns: The step's report, and the epoch's if this step ends it.
    package mutating func commit(
        _ step: PlannedStep, _ metrics: NodeMetrics, counts: [UInt64] = [], plan: RunPlan,
        digest: UInt64, workers: Int, now: Duration, lastCommit: Duration
    ) -> (StepReport, EpochReport?) {
        if step.stepInPhase == 0 { (sums, self.counts) = (NodeMetrics(), []) }
        add(counts)
        let began = began ?? lastCommit
        let epochBegan = epochBegan ?? lastCommit
        self.began = began
        self.epochBegan = epochBegan
        sums = sums + metrics
        imagesHere += Int(metrics.samples)
        let seconds = max((now - began) / .seconds(1), 1e-9)
        let report = StepReport(
            step: step.trainingStep + (step.kind == .train ? 1 : 0), epoch: step.epoch + 1,
            stepInEpoch: step.stepInPhase + 1, stepsInEpoch: step.stepsInPhase,
            phase: step.kind == .train ? .train : .validate, loss: sums.meanLoss,
            accuracy: accuracy, stepLoss: metrics.meanLoss, samples: Int(metrics.samples),
            weightsDigest: digest,
            imagesPerSecond: Double(imagesHere) / seconds, workersAlive: workers,
            seconds: now / .seconds(1))
        guard step.isLastOfPhase else { return (report, nil) }
        self.began = nil
        imagesHere = 0
        if step.kind == .train {
            training = (sums.meanLoss, accuracy)
            trainingSpeed = report.imagesPerSecond
            if plan.validationSamples > 0 { return (report, nil) }
        }
        self.epochBegan = nil
        let epoch = EpochReport(
            epoch: step.epoch + 1, epochs: plan.epochs, loss: training?.loss ?? .nan,
            accuracy: training?.accuracy ?? .nan,
            validationLoss: step.kind == .evaluate ? sums.meanLoss : nil,
            validationAccuracy: step.kind == .evaluate && hasAccuracy ? sums.accuracy : nil,
            validationMetrics: self.metrics?.results(self.counts) ?? MetricResults(),
            seconds: (now - epochBegan) / .seconds(1),
            imagesPerSecond: trainingSpeed)
        training = nil
        trainingSpeed = .nan
        self.counts = []
        return (report, epoch)
    }

    private mutating func add(_ more: [UInt64]) {
        guard !counts.isEmpty else { return counts = more }
        for index in more.indices { counts[index] += more[index] }
    }
}

extension NodeMetrics {
    var meanLoss: Double { samples == 0 ? .nan : lossSum / Double(samples) }
    var accuracy: Double { samples == 0 ? .nan : Double(correct) / Double(samples) }
}
