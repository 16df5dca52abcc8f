// SPDX-License-Identifier: Apache-2.0

import Datasets
import Jobs
import Layers
import Runtime
import Testing

/// Metrics of a validation that many workers share.
@Suite(.serialized) struct MetricRunTests {
    private static let metrics =
        "training.metrics=[auc, precision: {thresholds: 0.11}, recall: {class_id: 1, thresholds: 0.1}, "
        + "top_k_categorical_accuracy: {k: 3}, confusion_matrix]"

    private static func run(
        _ overrides: [String] = [], workers: Int, isRemote: Bool = false
    ) throws -> (report: FinalReport, events: Recorder, run: LocalRun) {
        let run = try LocalRun(workers: workers, threads: 2)
        run.isRemote = isRemote
        // Two steps of validation.
        let job = try LocalRun.job([Self.metrics, "training.epochs=2"] + overrides)
        let report = try #require(try run.run(job))
        #expect(run.faults == [])
        return (report, run.events, run)
    }

    @Test func whoeverCountsTheyAreTheSame() throws {
        let alone = try Self.run(workers: 1)
        let epochs = alone.events.epochs.map(\.validationMetrics)
        #expect(epochs.count == 2 && epochs[0] != epochs[1])
        #expect(
            epochs[1].values.map(\.name) == [
                "auc", "precision", "recall", "top_k_categorical_accuracy",
            ])
        #expect(epochs[1].values.allSatisfy { 0..<1 ~= $0.value && $0.value > 0.05 })
        let matrix = epochs[1].confusion
        let images = try #require(alone.events.steps.last).samples
        #expect(matrix.count == 10 && images > 0)
        let accuracy = try #require(alone.events.epochs[1].validationAccuracy)
        let right = matrix.indices.reduce(0) { $0 + Int(matrix[$1][$1]) }
        let all = matrix.joined().reduce(0) { $0 + Int($1) }
        #expect(Double(right) / Double(all) == accuracy)
        for (workers, isRemote) in [(2, false), (3, true)] {
            let other = try Self.run(["cluster.audit=0.2"], workers: workers, isRemote: isRemote)
            #expect(other.events.epochs.map(\.validationMetrics) == epochs)
            #expect(other.report.testMetrics == alone.report.testMetrics)
            #expect(other.report.weightsDigest == alone.report.weightsDigest)
        }
        // One thread after another counts as many together do.
        let file = try ModelFile.read(alone.report.model)
        let dataset = try #require(try openDatasets(file.job.dataset)[.validation])
        for threads in [1, 3] {
            let found = try Evaluator(file).evaluate(dataset, threads: threads)
            #expect(found.metrics == epochs[1])
        }
        // To count changes nothing else.
        let run = try LocalRun(workers: 1, threads: 2)
        let plain = try run.run(try LocalRun.job(["training.epochs=2"]))
        #expect(plain?.weightsDigest == alone.report.weightsDigest)
        #expect(
            run.events.epochs.map(\.validationLoss) == alone.events.epochs.map(\.validationLoss))
        let other = try ModelFile.read(
            "\(run.runFolder)/model.safetensors", overrides: [Self.metrics])
        #expect(try Evaluator(other).evaluate(dataset, threads: 1).metrics == epochs[1])
    }

    @Test func aValidationGoesOnWhereItStood() throws {
        let whole = try Self.run(["training.epochs=1"], workers: 2)
        let steps = whole.events.steps
        let first = try LocalRun(workers: 2)
        first.steps = steps.count - 1
        #expect(steps.suffix(2).map(\.phase) == [.validate, .validate])
        let job = try LocalRun.job([Self.metrics])
        try first.run(job)
        #expect(first.events.epochs.isEmpty)
        let second = try LocalRun(workers: 1, folder: first.folder)
        _ = try second.run(job)
        #expect(second.events.steps.count == 1)
        #expect(
            second.events.epochs.map(\.validationMetrics)
                == whole.events.epochs.map(\.validationMetrics))
    }

    @Test func anEpochIsJudgedByThem() throws {
        let run = try Self.run(
            [
                "training.epochs=4", "training.optimizer.learning_rate=1e-9",
                "training.callbacks=[EarlyStopping: {monitor: val_auc, min_delta: 0.1}]",
            ],
            workers: 2)
        #expect(run.events.epochs.count == 2)
        #expect(
            run.events.callbacks.map(\.message) == [
                "stops after epoch 2: val_auc did not improve; the best was epoch 1"
            ])
    }
}
