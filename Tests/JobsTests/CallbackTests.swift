// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Jobs
import Layers
import Testing

/// Callbacks over series of numbers, against the real ones; see Goldens/make_callbacks.py.
@Suite struct CallbackTests {
    struct Golden: Decodable, Sendable, CustomTestStringConvertible {
        struct Epoch: Decodable {
            let rate: Double, stops: Bool, best: Int?
        }
        let callback: [String: [String: Value]], values: [Double], epochs: [Epoch]

        enum Value: Decodable {
            case number(Double), text(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                self =
                    if let number = try? container.decode(Double.self) { .number(number) } else {
                        .text(try container.decode(String.self))
                    }
            }

            var text: String {
                switch self {
                case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
                case .text(let text): text
                }
            }
        }

        var name: String { callback.first?.key ?? "" }
        var monitor: String { callback.first?.value["monitor"]?.text ?? "" }
        /// As a job says it.
        var yaml: String {
            let fields = callback.first?.value.map { "\($0.key): \($0.value.text)" } ?? []
            return "{\(name): {\(fields.sorted().joined(separator: ", "))}}"
        }
        var testDescription: String { yaml }

        static let all: [Golden] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Goldens/callbacks.json")
            guard let data = try? Data(contentsOf: file) else { return [] }
            return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
        }()
    }

    private static func job(
        _ callbacks: String, optimizer: String = "{name: sgd, learning_rate: 0.1}"
    ) throws -> Job {
        try Job.parse(
            yaml: """
                dataset: {format: shapes}
                model: [Flatten, {Dense: {units: 10}}]
                training:
                  optimizer: \(optimizer)
                  callbacks: \(callbacks)
                """, file: "job.yaml")
    }

    @Test func thereAreGoldens() { #expect(Golden.all.count == 40) }

    @Test(arguments: Golden.all)
    func epochsAreJudgedAsByKeras(_ golden: Golden) throws {
        let callbacks = try Self.job("[\(golden.yaml)]").training.callbacks
        var state = CallbackState()
        for (epoch, (value, expected)) in zip(golden.values, golden.epochs).enumerated() {
            var metrics = EpochMetrics(
                loss: .nan, accuracy: .nan, validationLoss: .nan, validationAccuracy: .nan)
            switch golden.monitor {
            case "loss": metrics.loss = value
            case "accuracy": metrics.accuracy = value
            case "val_loss": metrics.validationLoss = value
            default: metrics.validationAccuracy = value
            }
            let verdict = state.judge(metrics, epoch: epoch, rate: 0.1, callbacks)
            // Across a restart.
            state = try #require(CallbackState(text: state.text))
            #expect(verdict.stops == expected.stops && state.hasStopped == expected.stops)
            // Keras's are in single precision.
            #expect(abs((state.learningRate ?? 0.1) - expected.rate) <= 1e-8)
            if let best = expected.best, state.bestEpoch != nil {
                #expect(state.bestEpoch == best)
                #expect(verdict.isBest == (best == epoch))
            }
        }
    }

    @Test func theModelOfTheBestEpochIsKept() throws {
        let callbacks = try Self.job("[ModelCheckpoint: {monitor: val_accuracy}]").training
            .callbacks
        var state = CallbackState()
        let saves = [0.5, 0.4, 0.5, 0.6, .nan, 0.7].enumerated().map { epoch, value in
            state.judge(
                EpochMetrics(loss: 1, accuracy: 1, validationLoss: 1, validationAccuracy: value),
                epoch: epoch, rate: 0.1, callbacks
            ).saves
        }
        #expect(saves == [true, false, false, true, false, true] && state.savedEpoch == 5)
    }

    @Test func aJobKeepsItsCallbacks() throws {
        let text =
            "[{EarlyStopping: {patience: 3, baseline: 0.5, restore_best_weights: true}}, "
            + "{ReduceLROnPlateau: {factor: 0.5}}, ModelCheckpoint]"
        let job = try Self.job(text)
        #expect(
            job.training.callbacks
                == Callbacks(
                    earlyStopping: EarlyStopping(
                        patience: 3, baseline: 0.5, restoreBestWeights: true),
                    reduceLROnPlateau: ReduceLROnPlateau(factor: 0.5),
                    modelCheckpoint: ModelCheckpoint()))
        let again = try Job.parse(yaml: job.resolvedYAML, file: "job.yaml")
        #expect(again.training.callbacks == job.training.callbacks)
    }

    @Test func mistakesAreNamed() {
        func message(_ callbacks: String, optimizer: String = "sgd") -> String? {
            #expect(throws: JobError.self) { try Self.job(callbacks, optimizer: optimizer) }?
                .description.split(separator: "\n").first.map(String.init)
        }
        #expect(
            message("[EarlyStoping]")
                == "job.yaml:5: training.callbacks: found 'EarlyStoping', which is no callback; did you mean "
                + "'EarlyStopping'?")
        #expect(
            message("[EarlyStopping, EarlyStopping: {patience: 1}]")
                == "job.yaml:5: training.callbacks: has EarlyStopping twice; keep one of them")
        #expect(
            message("[EarlyStopping: {monitor: val_los}]")
                == "job.yaml:5: training.callbacks.EarlyStopping.monitor: found 'val_los', expected one of "
                + "loss, accuracy, val_loss, val_accuracy; did you mean 'val_loss'?")
        #expect(
            message("EarlyStopping")
                == "job.yaml:5: training.callbacks: found 'EarlyStopping', expected a list of callbacks "
                + "(- EarlyStopping: {patience: 3})")
        #expect(
            message(
                "[ReduceLROnPlateau]",
                optimizer:
                    "{name: sgd, learning_rate: {InverseTimeDecay: {initial_learning_rate: 1, "
                    + "decay_steps: 5, decay_rate: 1}}}")
                == "job.yaml:5: training.callbacks: ReduceLROnPlateau stands beside a schedule of the learning "
                + "rate; give the optimizer a number, or leave the callback out")
    }

    private static func job(metrics: String, monitor: String) throws -> Job {
        try Job.parse(
            yaml: """
                dataset: {format: shapes}
                model: [Flatten, {Dense: {units: 10}}]
                training:
                  optimizer: sgd
                  metrics: \(metrics)
                  callbacks: [ModelCheckpoint: {monitor: \(monitor)}]
                """, file: "job.yaml")
    }

    @Test func aMetricOfTheJobCanBeMonitored() throws {
        let job = try Self.job(
            metrics: "[accuracy, AUC: {curve: PR, name: area}, confusion_matrix]",
            monitor: "val_area")
        var state = CallbackState()
        var saves: [Bool] = []
        for (epoch, value) in [0.5, 0.25, 0.75].enumerated() {
            let metrics = EpochMetrics(
                loss: 1, accuracy: 1, validationLoss: 1, validationAccuracy: 1,
                validationMetrics: [MetricResults.Value(name: "area", value: value)])
            saves.append(
                state.judge(metrics, epoch: epoch, rate: 0.1, job.training.callbacks).saves)
        }
        #expect(saves == [true, false, true])
        let text = """
              metrics:
                - auc: {num_thresholds: 200, curve: PR, summation_method: interpolation, name: area}
                - confusion_matrix
            """
        #expect(job.resolvedYAML.contains(text))
        let again = try Job.parse(yaml: job.resolvedYAML, file: "job.yaml")
        #expect(again.resolvedYAML == job.resolvedYAML)
        // The accuracy is always there: to ask for it makes no other job.
        let plain = try Self.job("[ModelCheckpoint]")
        let asked = try Job.parse(
            yaml: plain.resolvedYAML, overrides: ["training.metrics=[accuracy]"], file: "job.yaml")
        #expect(asked.identity == plain.identity)
        #expect(job.identity != plain.identity)
    }

    @Test func aMetricThatIsNotThereCannotBeMonitored() {
        let error = #expect(throws: JobError.self) {
            try Self.job(metrics: "[auc]", monitor: "auc")
        }
        let line =
            "job.yaml:6: training.callbacks.ModelCheckpoint.monitor: found 'auc', expected one of loss, "
            + "accuracy, val_loss, val_accuracy, val_auc"
        #expect(error?.description.hasPrefix(line) == true)
    }

    @Test func accumulatedBatchesAreOneStep() throws {
        let job = try Job.parse(
            yaml: """
                dataset: {format: shapes}
                model: [Flatten, {Dense: {units: 10}}]
                training: {optimizer: sgd, batch_size: 24, gradient_accumulation_steps: 3}
                """, file: "job.yaml")
        #expect(job.training.samplesPerStep == 72)
        let again = try Job.parse(yaml: job.resolvedYAML, file: "job.yaml")
        #expect(again.training.gradientAccumulationSteps == 3)
    }
}
