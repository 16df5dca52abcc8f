// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Runtime
import Testing

/// Runs whose steps are more than an optimizer, and whose epochs decide about each other.
@Suite(.serialized) struct UpdateRunTests {
    private static func job(_ folder: TemporaryFolder, _ overrides: [String]) throws -> Job {
        try TinyCIFAR.write(folder, "data", seed: 1)
        return try TinyCIFAR.job(folder.path + "/data", overrides)
    }

    private static func run(
        _ overrides: [String], workers: Int = 1, isRemote: Bool = false
    ) throws -> (report: FinalReport, run: LocalRun) {
        let folder = try TemporaryFolder()
        let run = try LocalRun(workers: workers, folder: folder)
        run.isRemote = isRemote
        let report = try #require(try run.run(try job(folder, overrides)))
        #expect(run.faults == [])
        return (report, run)
    }

    /// Stopped in the middle, as by an accident, and gone on with.
    private static func resumed(_ overrides: [String], after steps: Int) throws -> (
        report: FinalReport, run: LocalRun
    ) {
        let folder = try TemporaryFolder()
        let job = try job(folder, overrides)
        let first = try LocalRun(workers: 2, folder: folder)
        first.steps = steps
        try first.run(job)
        let second = try LocalRun(workers: 1, folder: folder)
        let report = try #require(try second.run(job))
        #expect(second.events.resumed != nil)
        return (report, second)
    }

    static let rules = [
        "{name: sgd, learning_rate: 0.05, momentum: 0.9, global_clipnorm: 0.5}",
        "{name: adam, clipnorm: 0.1}", "{name: rmsprop, clipvalue: 0.001}",
        "{name: lamb, learning_rate: 0.01, weight_decay: 0.01}",
        "{name: lars, weight_decay: 0.001}", "{name: adagrad}",
        "{name: adamw, exclude_from_weight_decay: bias, use_ema: true, ema_momentum: 0.8}",
        """
        {name: sgd, learning_rate: {CosineDecay: {initial_learning_rate: 0.01, decay_steps: 5, warmup_target: 0.1, \
        warmup_steps: 2}}}
        """,
    ]

    @Test(arguments: rules)
    func stepsOfEveryKindAreTheSameBitsEverywhere(_ rule: String) throws {
        let overrides = ["training.optimizer=\(rule)", "training.epochs=2"]
        let plain = try Self.run(["training.epochs=2"]).report
        let one = try Self.run(overrides).report
        #expect(one.weightsDigest != plain.weightsDigest)
        let three = try Self.run(overrides, workers: 3, isRemote: true).report
        #expect(three.weightsDigest == one.weightsDigest)
        let gone = try Self.resumed(overrides + ["training.checkpoint_every_steps=1"], after: 2)
        #expect(gone.report.weightsDigest == one.weightsDigest)
    }

    @Test func accumulatedGradientsAreThoseOfALargerBatch() throws {
        let large = try Self.run(["training.epochs=2"])
        let small = try Self.run(
            [
                "training.epochs=2", "training.batch_size=4",
                "training.gradient_accumulation_steps=4",
            ], workers: 2)
        #expect(small.report.weightsDigest == large.report.weightsDigest)
    }

    // MARK: Callbacks

    private static let stopping = [
        "training.epochs=12", "training.optimizer={name: adam, learning_rate: 0.01}",
        "training.callbacks=[EarlyStopping: {patience: 2, restore_best_weights: true}, "
            + "ModelCheckpoint: {monitor: val_loss}]",
    ]

    /// The images are noise: what is learnt of them does not help with others.
    @Test func aTrainingEndsWithItsBestEpoch() throws {
        let (report, run) = try Self.run(Self.stopping)
        let losses = run.events.epochs.compactMap(\.validationLoss)
        let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
        #expect(losses.count < 12 && losses.count == best + 3)
        #expect(run.events.callbacks.map(\.epoch) == [losses.count])
        let shorter = try Self.run(
            [
                "training.epochs=\(best + 1)",
                "training.optimizer={name: adam, learning_rate: 0.01}",
            ]
        ).report
        #expect(report.weightsDigest == shorter.weightsDigest)
        let kept = try ModelFile.read(run.runFolder + "/best.safetensors")
        let ended = try ModelFile.read(run.runFolder + "/model.safetensors")
        #expect(kept.weights == ended.weights)
        // And so it stays, even where the model is gone.
        try FileManager.default.removeItem(atPath: run.runFolder + "/model.safetensors")
        let alone = try LocalRun(workers: 0, folder: run.folder)
        let written = try alone.run(
            try TinyCIFAR.job(run.folder.path + "/data", Self.stopping))
        #expect(written?.weightsDigest == report.weightsDigest && alone.events.steps.isEmpty)
        let job = try TinyCIFAR.job(run.folder.path + "/data", Self.stopping)
        let again = try Run.open(job: job, folder: try RunFolder(run.runFolder))
        #expect(again.isFinished)
    }

    @Test func workersAndRestartsDoNotChangeWhereATrainingEnds() throws {
        let (report, run) = try Self.run(Self.stopping)
        let three = try Self.run(Self.stopping, workers: 3, isRemote: true)
        #expect(three.report.weightsDigest == report.weightsDigest)
        #expect(three.run.events.epochs.count == run.events.epochs.count)
        for steps in [7, 8, 11] {
            let gone = try Self.resumed(Self.stopping, after: steps)
            #expect(gone.report.weightsDigest == report.weightsDigest)
            #expect(
                try ModelFile.read(gone.run.runFolder + "/best.safetensors").weights
                    == ModelFile.read(run.runFolder + "/best.safetensors").weights)
        }
    }

    @Test func aReducedRateIsReducedAfterARestartToo() throws {
        let job = [
            "training.epochs=8", "training.optimizer={name: adam, learning_rate: 0.01}",
            "training.callbacks=[ReduceLROnPlateau: {factor: 0.3, patience: 1, monitor: val_loss}]",
        ]
        let (report, run) = try Self.run(job)
        let reductions = run.events.callbacks
        #expect(reductions.count > 1)
        #expect(reductions[0].message.hasPrefix("learning rate reduced to 0.00"))
        let three = try Self.run(job, workers: 3)
        #expect(three.report.weightsDigest == report.weightsDigest)
        // One step after the first reduction.
        let gone = try Self.resumed(job, after: reductions[0].epoch * 4 + 1)
        #expect(gone.report.weightsDigest == report.weightsDigest)
        let plain = try Self.run(Array(job.dropLast())).report
        #expect(plain.weightsDigest != report.weightsDigest)
    }

    @Test func callbacksNeedWhatTheyLookAt() throws {
        let folder = try TemporaryFolder()
        let job = try Self.job(
            folder, ["dataset.validation=none", "training.callbacks=[EarlyStopping: {}]"])
        let error = runtimeError {
            _ = try Run.open(job: job, folder: RunFolder(folder.path + "/run"))
        }
        #expect(
            error?.detail
                == "EarlyStopping looks at val_loss, but the job has no validation data; set "
                + "dataset.validation, or monitor: loss")
    }
}
