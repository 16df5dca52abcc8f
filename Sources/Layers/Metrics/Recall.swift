// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Of the outputs that should be above a threshold the share that is; 0 where there are none.
public struct Recall: Metric {
    public static let kerasName = "Recall"

    private let decision: Decision

    public init(threshold: Double = 0.5, classID: Int? = nil) {
        decision = Decision(threshold: threshold, classID: classID)
    }

    public init(fields: inout Fields) throws(ConfigError) {
        decision = try Decision(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] { decision.fields }
    public func check(outputs: Int) throws(LayerError) { try decision.check(outputs: outputs) }
    public func countsNeeded(outputs: Int) -> Int { 2 }

    /// True positives, then false negatives.
    public func count(_ prediction: Prediction, into counts: MutableFloats) {
        for output in decision.outputs(of: prediction) where prediction.isTrue(output) {
            counts[decision.isYes(prediction.probabilities[output]) ? 0 : 1] += 1
        }
    }

    public func value(of counts: [UInt64]) -> Double { share(counts[0], and: counts[1]) }
}
