// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The area under the curve that a moving threshold draws, by Keras's evenly spaced thresholds.
///
/// A probability matters only by the two thresholds that it lies between, so the curve is made of whole numbers: it
/// is exact for these thresholds, and the same whoever counted.
public struct AUC: Metric {
    public static let kerasName = "AUC"

    public enum Curve: String, CaseIterable, Sendable {
        /// True positive rate over false positive rate.
        case roc = "ROC"
        /// Precision over recall.
        case pr = "PR"
    }

    public enum Summation: String, CaseIterable, Sendable {
        case interpolation, minoring, majoring
    }

    public var thresholds: Int
    public var curve: Curve
    public var summation: Summation

    public init(
        thresholds: Int = 200, curve: Curve = .roc, summation: Summation = .interpolation
    ) {
        self.thresholds = thresholds
        self.curve = curve
        self.summation = summation
    }

    public init(fields: inout Fields) throws(ConfigError) {
        thresholds = try fields.int("num_thresholds", default: 200, in: 2...10_000)
        curve = try fields.choice("curve", default: .roc)
        summation = try fields.choice("summation_method", default: .interpolation)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("num_thresholds", .scalar(thresholds)), .init("curve", .scalar(curve.rawValue)),
            .init("summation_method", .scalar(summation.rawValue)),
        ]
    }

    /// Between two thresholds: outputs that should be 1, then those that should not.
    public func countsNeeded(outputs: Int) -> Int { 2 * (thresholds - 1) }

    public func count(_ prediction: Prediction, into counts: MutableFloats) {
        let buckets = thresholds - 1
        for output in prediction.probabilities.indices {
            let bucket = bucket(of: prediction.probabilities[output])
            counts[prediction.isTrue(output) ? bucket : buckets + bucket] += 1
        }
    }

    /// Bucket b is above threshold b and up to the next one, b / buckets to (b + 1) / buckets; 0 is in the first.
    private func bucket(of probability: Float) -> Int {
        let buckets = thresholds - 1
        // Neither below 0 nor NaN.
        guard probability > 0 else { return 0 }
        let place = min(probability, 1) * Float(buckets), below = Int(place)
        return max(0, Float(below) < place ? below : below - 1)
    }

    public func value(of counts: [UInt64]) -> Double {
        let buckets = thresholds - 1
        // Of what is above each threshold; nothing is above the last one.
        var positives = [0.0], negatives = [0.0]
        for bucket in (0..<buckets).reversed() {
            positives.append(positives[positives.count - 1] + Double(counts[bucket]))
            negatives.append(negatives[negatives.count - 1] + Double(counts[buckets + bucket]))
        }
        positives.reverse()
        negatives.reverse()
        return curve == .pr && summation == .interpolation
            ? Self.interpolated(positives, negatives) : area(positives, negatives)
    }

    /// Rectangles below the curve, between each two thresholds.
    private func area(_ positives: [Double], _ negatives: [Double]) -> Double {
        func share(_ part: Double, of all: Double) -> Double { all == 0 ? 0 : part / all }
        let recall = positives.map { share($0, of: positives[0]) }
        let (x, y): ([Double], [Double]) =
            switch curve {
            case .roc: (negatives.map { share($0, of: negatives[0]) }, recall)
            case .pr: (recall, zip(positives, negatives).map { share($0, of: $0 + $1) })
            }
        var area = 0.0
        for i in 0..<thresholds - 1 {
            let height =
                switch summation {
                case .interpolation: (y[i] + y[i + 1]) / 2
                case .minoring: min(y[i], y[i + 1])
                case .majoring: max(y[i], y[i + 1])
                }
            area += (x[i] - x[i + 1]) * height
        }
        return area
    }

    /// Between two thresholds the counts are taken to grow evenly, the precision is not.
    ///
    /// - Source: Davis and Goadrich (2006), "The Relationship Between Precision-Recall and ROC Curves".
    private static func interpolated(_ positives: [Double], _ negatives: [Double]) -> Double {
        guard positives[0] > 0 else { return 0 }
        var area = 0.0
        for i in 0..<positives.count - 1 {
            let all = positives[i] + negatives[i], next = positives[i + 1] + negatives[i + 1]
            guard all > next else { continue }
            let step = positives[i] - positives[i + 1], slope = step / (all - next)
            let intercept = positives[i + 1] - slope * next
            let growth = next > 0 ? intercept * Logarithm.of(all / next) : 0
            area += slope * (step + growth) / positives[0]
        }
        return area
    }
}
