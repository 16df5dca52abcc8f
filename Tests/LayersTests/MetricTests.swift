// SPDX-License-Identifier: Apache-2.0

import Configuration
import Engines
import Foundation
import Layers
import Tensors
import Testing

/// Metrics of classes against those of Keras; see Goldens/Metrics/make_metrics.py.
@Suite struct MetricTests {
    struct Golden: Decodable, Sendable {
        struct Value: Decodable {
            let metric: JSONValue, value: Double
        }
        let outputs: Int, probabilities: [Float], labels: [Int], values: [Value]

        static let all: [Golden] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Goldens/Metrics/metrics.json")
            guard let data = try? Data(contentsOf: file) else { return [] }
            return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
        }()

        /// What a metric counts of some of the predictions. Logits order classes as probabilities do.
        func counts(_ metrics: MetricCounts, of samples: Range<Int>) -> [Float] {
            var counts = [Float](repeating: 0, count: metrics.count)
            counts.withUnsafeMutableBufferPointer { counts in
                probabilities.withUnsafeBufferPointer { all in
                    for sample in samples {
                        let row = Floats(rebasing: all[sample * outputs..<(sample + 1) * outputs])
                        metrics.add(
                            Prediction(logits: row, probabilities: row, label: labels[sample]),
                            to: counts)
                    }
                }
            }
            return counts
        }
    }

    private static func metrics(_ text: [ConfigValue], outputs: Int) throws -> MetricCounts {
        try MetricCounts(
            parseMetrics(.list(text), path: "training.metrics"), outputs: outputs)
    }

    @Test func thereAreGoldens() { #expect(Golden.all.map(\.values.count) == [16, 11, 11, 11]) }

    /// Keras divides and adds in single precision, up to 200 numbers of at most 1.
    @Test(arguments: Golden.all)
    func metricsAreThoseOfKeras(_ golden: Golden) throws {
        for expected in golden.values {
            let metrics = try Self.metrics([expected.metric.config], outputs: golden.outputs)
            let counts = golden.counts(metrics, of: golden.labels.indices)
            let found = metrics.results(counts.map { UInt64($0) }).values
            #expect(found.count == 1)
            #expect(abs(found[0].value - expected.value) <= 1e-6, "\(expected.metric.config)")
        }
    }

    /// Whole numbers: who counts what, and in which order it is added, changes nothing.
    @Test(arguments: Engine.available.indices)
    func partsAddUpToTheWhole(engine: Int) throws {
        let golden = Golden.all[0], all = golden.labels.indices
        let metrics = try Self.metrics(
            [.scalar("auc"), .scalar("precision"), .scalar("confusion_matrix")],
            outputs: golden.outputs)
        let whole = golden.counts(metrics, of: all)
        #expect(metrics.count == 464 && whole.reduce(0, +) > 300)
        for cut in [1, 7, 40] {
            var sum = golden.counts(metrics, of: cut..<all.count)
            let rest = golden.counts(metrics, of: 0..<cut)
            rest.withUnsafeBytes { rest in
                sum.withUnsafeMutableBufferPointer { Engine.available[engine].add(rest, to: $0) }
            }
            #expect(sum == whole)
        }
    }

    @Test func aConfusionMatrixHasARowForEachClass() throws {
        let chances: [Float] = [0.2, 0.5, 0.3, 0.4, 0.4, 0.2, 0.1, 0.1, 0.8, 0, 0.6, 0.4]
        let golden = Golden(
            outputs: 3, probabilities: chances, labels: [1, 1, 0, 1], values: [])
        let metrics = try Self.metrics([.scalar("ConfusionMatrix")], outputs: 3)
        let results = metrics.results(golden.counts(metrics, of: 0..<4).map { UInt64($0) })
        // Of equal ones the first is the prediction.
        #expect(results.confusion == [[0, 0, 1], [1, 2, 0], [0, 0, 0]])
        #expect(results.values.isEmpty)
        let two = try Self.metrics([.scalar("confusion_matrix")], outputs: 1)
        let single = Golden(
            outputs: 1, probabilities: [0.5, -1, 0], labels: [1, 0, 1], values: [])
        #expect(
            two.results(single.counts(two, of: 0..<3).map { UInt64($0) }).confusion
                == [[1, 0], [1, 1]])
    }

    @Test(arguments: [true, false])
    func aReplicaCountsWhatItPredicts(isBinary: Bool) throws {
        let nodes = try parseLayers(
            .list([
                .scalar("Flatten"),
                .map([.init("Dense", .map([.init("units", .scalar(isBinary ? 1 : 5))]))]),
            ]),
            path: "layers")
        let names = ["auc", "precision", "recall", "confusion_matrix"].map {
            ConfigValue.scalar($0)
        }
        let named = try parseMetrics(.list(names), path: "metrics")
        let model = try Model(
            nodes: nodes, input: Shape([5, 3, 1]),
            loss: isBinary ? .binaryCrossentropy : .sparseCategoricalCrossentropy, shardSize: 32,
            metrics: named)
        let trial = Trial(model, samples: 21, seed: 4)
        let plain = try trial.evaluate()
        let golden = Golden(
            outputs: model.outputs, probabilities: trial.predict(),
            labels: trial.labels.map { Int($0) },
            values: [])
        let expected = golden.counts(model.metrics, of: 0..<21)
        for kernels in Engine.available {
            let (metrics, counts) = try trial.count(kernels)
            #expect(metrics == plain)
            // A single output is a yes above probability 0.5, the logit 0; the golden has no logits.
            let compared = isBinary ? 0..<model.metrics.count - 16 : 0..<model.metrics.count
            #expect(Array(counts[compared]) == Array(expected[compared]))
        }
    }

    @Test func mistakesAreNamed() {
        func message(_ metrics: ConfigValue, outputs: Int = 3) -> String? {
            do {
                _ = try MetricCounts(
                    parseMetrics(metrics, path: "training.metrics"), outputs: outputs)
                return nil
            } catch { return "\(error)" }
        }
        func list(_ names: String...) -> ConfigValue { .list(names.map { .scalar($0) }) }
        #expect(message(list("accuracy", "auc", "Recall")) == nil)
        #expect(
            message(list("acu"))
                == "training.metrics: found 'acu', which is no metric; did you mean 'auc'?")
        #expect(
            message(list("f1_score"))
                == "training.metrics: found 'f1_score', which is no metric; expected one of accuracy, "
                + "top_k_categorical_accuracy, precision, recall, auc, confusion_matrix")
        #expect(
            message(.scalar("auc"))
                == "training.metrics: found 'auc', expected a list of metrics (- auc)")
        #expect(
            message(list("auc", "AUC"))
                == "training.metrics: has 'auc' twice; give one of them another 'name'")
        #expect(
            message(list("TopKCategoricalAccuracy"), outputs: 1)
                == "top_k_categorical_accuracy: looks at the 5 most probable classes, but the model ends "
                + "with one output; leave it out, or end the model with one unit a class")
        #expect(
            message(.list([.map([.init("recall", .map([.init("class_id", .scalar(3))]))])]))
                == "recall: asks for class_id 3, but the model ends with 3 outputs, which count from 0"
        )
        #expect(
            message(list("confusion_matrix"), outputs: 513)
                == "confusion_matrix: counts 263169 numbers for a model with 513 outputs, and all metrics "
                + "together may count 262144; leave it out")
        let counts = try? MetricCounts(parseMetrics(list("auc"), path: ""), outputs: 20_000)
        #expect(throws: LayerError.self) { try counts?.check(samplesPerStep: 1024) }
        #expect(throws: Never.self) { try counts?.check(samplesPerStep: 800) }
    }
}
