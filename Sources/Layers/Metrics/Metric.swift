// SPDX-License-Identifier: Apache-2.0
//
// What a model is judged by beside its loss. A new metric is one file here and one line in `metricKinds`.

import Configuration
import Tensors

/// One entry of a job's `metrics:` list, with Keras's name, fields and defaults.
///
/// A metric is made of counts over all samples of a set, never of means over batches. Whole numbers can be added in
/// any order, so it does not matter who counted what.
public protocol Metric: Sendable {
    /// The name of Keras's class: `AUC`.
    static var kerasName: String { get }

    /// Whether its counts make one number, which a callback can look at.
    static var isNumber: Bool { get }

    /// Whether it looks at probabilities, which not every loss makes of outputs.
    static var readsProbabilities: Bool { get }

    /// Reads the metric's own fields; whoever calls reports the unknown ones.
    init(fields: inout Fields) throws(ConfigError)

    /// All fields with their resolved values, in Keras's order.
    var fields: [ConfigValue.Entry] { get }

    /// - Throws: If a model with so many outputs cannot be judged by it.
    func check(outputs: Int) throws(LayerError)

    /// How many counts it has of a model with so many outputs.
    func countsNeeded(outputs: Int) -> Int

    /// Adds one to the counts that a prediction belongs to.
    func count(_ prediction: Prediction, into counts: MutableFloats)

    /// What the counts over all samples make.
    func value(of counts: [UInt64]) -> Double
}

extension Metric {
    public static var isNumber: Bool { true }
    public static var readsProbabilities: Bool { true }
    public func check(outputs: Int) throws(LayerError) {}

    /// As Keras calls it in reports: `auc`.
    static var stem: String { snakeCase(kerasName) }
}

/// What a model makes of one sample, and what is true.
public struct Prediction {
    /// One for each output; a probability is what the loss's activation makes of its logit.
    let logits: Floats, probabilities: Floats
    let label: Int

    /// - Precondition: The label is that of a class.
    package init(logits: Floats, probabilities: Floats, label: Int) {
        precondition(
            logits.count == probabilities.count && label >= 0 && label < max(2, logits.count),
            "Prediction: label \(label), \(logits.count) logits, \(probabilities.count) probabilities"
        )
        self.logits = logits
        self.probabilities = probabilities
        self.label = label
    }

    /// Whether an output should be 1. A single one says whether the class is the second of two.
    func isTrue(_ output: Int) -> Bool { logits.count == 1 ? label > 0 : output == label }

    /// The class that the model takes it for, as the accuracy has it.
    var predicted: Int {
        if logits.count == 1 { return logits[0] > 0 ? 1 : 0 }
        return logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
    }
}

/// A metric, and what it is called in reports and by callbacks.
public struct NamedMetric: Sendable {
    public let name: String
    public let metric: any Metric

    /// The entry as it stands in a job file: `{precision: {thresholds: 0.5}}`.
    func encoded() -> ConfigValue {
        let stem = type(of: metric).stem
        var fields = metric.fields
        if name != stem { fields.append(.init("name", .scalar(name))) }
        return fields.isEmpty ? .scalar(stem) : .map([.init(stem, .map(fields))])
    }
}

/// The part of all that is `hits`, 0 of nothing.
func share(_ hits: UInt64, and misses: UInt64) -> Double {
    hits == 0 ? 0 : Double(hits) / (Double(hits) + Double(misses))
}
