// SPDX-License-Identifier: Apache-2.0
//
// The end of a run: the model on disk, and what it is worth.

import Tensors

extension Coordinator {
    /// Saves the model and evaluates it on the test images, if there are any.
    ///
    /// - Precondition: `work` has returned.
    public func finish(threads: Int) throws -> FinalReport {
        let file = modelFile(finalWeights)
        let digest = try file.write(to: run.folder.modelPath)
        let test = try run.test.map {
            try Evaluator(file, engine: run.kernels.name).evaluate($0, threads: threads)
        }
        let report = FinalReport(
            testLoss: test?.loss, testAccuracy: test?.accuracy,
            testMetrics: test?.metrics ?? .init(), classNames: run.classNames,
            model: run.folder.modelPath, weightsDigest: digest.description,
            contributions: contributions,
            dataWait: dataWaits.total, dataLimits: dataLimits, seconds: now / .seconds(1))
        observer.handle(.finished(report))
        return report
    }

    /// Of the best epoch, if early stopping is to end with it; else the last ones, or their average.
    private var finalWeights: [Float] {
        let restores = run.job.training.callbacks.earlyStopping?.restoreBestWeights == true
        if restores, !best.stopping.isEmpty { return best.stopping }
        var weights = currentWeights
        weights.withUnsafeMutableBufferPointer {
            shelf.finish($0)
        }
        return weights
    }

    /// Workers that data held up.
    private var dataLimits: [FinalReport.DataLimit] {
        members.compactMap { member in
            let time = (now - member.joined) * member.threads
            let share = time > .zero ? member.waits.total / time : 0
            guard share >= FinalReport.DataLimit.least else { return nil }
            return .init(
                worker: member.name, share: min(share, 1),
                isDecoding: member.waits.decoding >= member.waits.samples)
        }
    }

    /// What each worker of this run delivered: vectors that were the first of their name.
    private var contributions: [FinalReport.Contribution] {
        departed.map { .init(worker: $0.name, vectors: $0.contributions) }
            + members.map { .init(worker: $0.name, vectors: $0.contributions) }
    }
}
