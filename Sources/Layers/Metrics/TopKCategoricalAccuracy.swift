// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The share of samples whose class is one of the `k` most probable. As in Keras a class that is as probable as the
/// last of them counts as one of them.
public struct TopKCategoricalAccuracy: Metric {
    public static let kerasName = "TopKCategoricalAccuracy"
    public static let readsProbabilities = false

    public var k: Int

    public init(k: Int = 5) { self.k = k }

    public init(fields: inout Fields) throws(ConfigError) {
        k = try fields.int("k", default: 5, in: 1...1_000_000)
    }

    public var fields: [ConfigValue.Entry] { [.init("k", .scalar(k))] }

    public func check(outputs: Int) throws(LayerError) {
        guard outputs > 1 else {
            throw LayerError(
                code: .lossMismatch,
                detail: "looks at the \(k) most probable classes, but the model ends with one "
                    + "output; leave it out, or end the model with one unit a class")
        }
    }

    public func countsNeeded(outputs: Int) -> Int { 2 }

    /// Right ones, then others.
    public func count(_ prediction: Prediction, into counts: MutableFloats) {
        let own = prediction.logits[prediction.label]
        var better = 0
        for logit in prediction.logits where logit > own { better += 1 }
        counts[better < k ? 0 : 1] += 1
    }

    public func value(of counts: [UInt64]) -> Double { share(counts[0], and: counts[1]) }
}
