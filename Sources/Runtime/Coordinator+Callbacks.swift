// SPDX-License-Identifier: Apache-2.0
//
// What an epoch decides: whether there is another one, how far its steps go, and which weights are kept.

import Coordination
import Jobs

extension Coordinator {
    /// An epoch is over with the commit of `id`.
    func judge(_ report: EpochReport, after id: StepID) {
        let rules = run.job.training.callbacks
        guard !rules.all.isEmpty else { return }
        let verdict = callbacks.judge(
            EpochMetrics(
                loss: report.loss, accuracy: report.accuracy,
                validationLoss: report.validationLoss,
                validationAccuracy: report.validationAccuracy,
                validationMetrics: report.validationMetrics.values),
            epoch: report.epoch - 1, rate: run.job.optimizer.learningRate.rate(at: 0), rules)
        if verdict.isBest, rules.earlyStopping?.restoreBestWeights == true {
            best.stopping = currentWeights
        }
        if verdict.saves {
            best.saved = currentWeights
            hasNewBestModel = true
        }
        if verdict.stops { lastStep = id.raw + 1 }
        notes += verdict.notes.map {
            .callback(name: $0.callback, epoch: report.epoch, message: $0.message)
        }
    }

    /// The best model, if it has not been written yet.
    func takeBestModel() -> ModelFile? {
        defer { hasNewBestModel = false }
        return hasNewBestModel ? modelFile(best.saved) : nil
    }

    /// After a restart the file may be of an epoch that is still to come.
    func saveBestModel() throws(RuntimeError) {
        if !best.saved.isEmpty { try modelFile(best.saved).write(to: run.folder.bestModelPath) }
    }

    func modelFile(_ weights: [Float]) -> ModelFile {
        ModelFile(
            job: run.job, data: run.data, classNames: run.classNames, model: run.model,
            weights: weights, whitening: run.whitening)
    }
}
