// SPDX-License-Identifier: Apache-2.0

import Datasets
import Jobs
import Layers
import Testing

/// Jobs that learn numbers.
@Suite struct TargetTests {
    private func job(
        _ dataset: String, loss: String = "mean_squared_error",
        training: String = "{optimizer: sgd}"
    ) throws -> Job {
        try Job.parse(
            yaml: """
                dataset: {\(dataset)}
                model: [Flatten, Dense: {units: 2}]
                loss: \(loss)
                training: \(training)
                """, file: "job.yaml")
    }

    private func complaint(
        _ dataset: String, loss: String = "mean_squared_error",
        training: String = "{optimizer: sgd}"
    ) -> String? {
        do {
            _ = try job(dataset, loss: loss, training: training)
            return nil
        } catch { return "\(error)" }
    }

    private let table = "format: table, path: t.csv, class_mode: raw, y_col: [a, b]"

    @Test(arguments: ["mean_squared_error", "mean_absolute_error"])
    func columnsReadBack(loss: String) throws {
        let job = try job(table, loss: loss)
        #expect(job.dataset.table.yCols == ["a", "b"] && job.dataset.classMode == .raw)
        #expect(job.loss.isRegression)
        let again = try Job.parse(yaml: job.resolvedYAML, file: "job.yaml")
        #expect(again.dataset == job.dataset && again.loss == job.loss)
    }

    @Test func lossAndDataMustAgree() {
        #expect(
            complaint(table, loss: "sparse_categorical_crossentropy")?.contains(
                "loss: is sparse_categorical_crossentropy, for classes, but dataset.class_mode is raw, for"
                    + " numbers; use mean_squared_error or mean_absolute_error") == true)
        #expect(
            complaint("format: shapes")?.contains(
                "loss: is mean_squared_error, for numbers, but the data has classes; use"
                    + " sparse_categorical_crossentropy, or a table with class_mode: raw") == true)
    }

    /// Numbers of several columns may be shares of classes; then there are right and wrong answers.
    @Test func numbersMayBeShares() throws {
        let job = try job(
            table, loss: "{CategoricalCrossentropy: {label_smoothing: 0.1}}",
            training: "{optimizer: sgd, metrics: [auc]}")
        #expect(job.loss.isDense && !job.loss.isRegression)
        let again = try Job.parse(yaml: job.resolvedYAML, file: "job.yaml")
        #expect(again.loss == job.loss)
        #expect(
            job.resolvedYAML.contains(
                "loss:\n  categorical_crossentropy:\n    label_smoothing: 0.1\n"))
        let classes = try self.job("format: shapes", loss: "categorical_crossentropy")
        #expect(!classes.loss.isDense && classes.loss == .categoricalCrossentropy)
        #expect(
            complaint(table, training: "{optimizer: sgd, metrics: [auc]}")?.contains(
                "training.metrics: is for classes, but") == true)
    }

    @Test func imagesWithWeightsAreNotMixed() throws {
        let weighed = "format: table, path: t.csv, weight_col: w"
        let job = try job(weighed, loss: "categorical_crossentropy")
        #expect(job.dataset.hasWeights && job.resolvedYAML.contains("weight_col: w"))
        #expect(
            complaint(weighed + ", augmentation: {mixup: 1}", loss: "categorical_crossentropy")?
                .contains(
                    "dataset.augmentation.mixup: mixes images, but the data weighs them one by one;"
                        + " leave one of them out") == true)
    }

    @Test func mistakesInALossAreNamed() {
        #expect(
            complaint("format: shapes", loss: "hinges")?.contains(
                "loss: found 'hinges', expected one of sparse_categorical_crossentropy,"
                    + " categorical_crossentropy, binary_crossentropy, hinge, mean_squared_error,"
                    + " mean_absolute_error; did you mean 'hinge'?") == true)
        #expect(
            complaint("format: shapes", loss: "{hinge: {label_smoothing: 0.1}}")?.contains(
                "loss.hinge.label_smoothing: is not a field of loss.hinge") == true)
        #expect(
            complaint("format: shapes", loss: "{binary_crossentropy: {label_smoothing: 2}}")?
                .contains(
                    "loss.binary_crossentropy.label_smoothing: found 2.0, expected 0.0 to 1.0")
                == true)
    }

    @Test func columnsAreOfTablesWithNumbers() {
        let two = "format: table, path: t.csv, y_col: [a, b]"
        #expect(
            complaint(two, loss: "sparse_categorical_crossentropy")?.contains(
                "dataset.y_col: names 2 columns, but class_mode sparse takes one; if they hold numbers set"
                    + " class_mode to raw") == true)
        #expect(
            complaint("format: folder, path: x, class_mode: raw")?.contains(
                "dataset.class_mode: is raw, for numbers of a table, but the format is folder; use format:"
                    + " table") == true)
        #expect(
            complaint(table + ", classes: [x, y]")?.contains(
                "but there are classes; leave the classes out") == true)
    }

    @Test func whatIsForClassesIsRefused() {
        for training in [
            "{optimizer: sgd, sampling: balanced}", "{optimizer: sgd, class_weight: balanced}",
        ] {
            #expect(complaint(table, training: training)?.contains("is for classes, but") == true)
        }
        for name in ["mixup", "cutmix"] {
            let dataset = "\(table), augmentation: {\(name): 1}"
            #expect(
                complaint(dataset)?.contains(
                    "dataset.augmentation.\(name): is for classes, but dataset.class_mode is raw; leave it"
                        + " out") == true)
        }
    }
}
