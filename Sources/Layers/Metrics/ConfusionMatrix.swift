// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// How many samples of each class were taken for each class: a table, not a number.
public struct ConfusionMatrix: Metric {
    public static let kerasName = "ConfusionMatrix"
    public static let isNumber = false
    public static let readsProbabilities = false

    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}

    public var fields: [ConfigValue.Entry] { [] }

    /// A single output tells two classes apart.
    private func classes(_ outputs: Int) -> Int { max(2, outputs) }

    public func countsNeeded(outputs: Int) -> Int { classes(outputs) * classes(outputs) }

    /// counts[true][predicted]
    public func count(_ prediction: Prediction, into counts: MutableFloats) {
        counts[prediction.label * classes(prediction.logits.count) + prediction.predicted] += 1
    }

    public func value(of counts: [UInt64]) -> Double { .nan }

    func rows(of counts: [UInt64], outputs: Int) -> [[UInt64]] {
        let classes = classes(outputs)
        return (0..<classes).map { Array(counts[$0 * classes..<($0 + 1) * classes]) }
    }
}
