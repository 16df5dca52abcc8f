// SPDX-License-Identifier: Apache-2.0
//
// Where the counts of a model's metrics lie, and what they make.

import Tensors

/// The metrics of a model, with the places of their counts in one run of floats.
///
/// Counts are floats so that they can travel and be added where gradients are: up to 2^24 a float counts exactly, and
/// what is exact is the same in any order.
public struct MetricCounts: Sendable {
    /// A message's worth.
    static let most = 1 << 18
    /// Where a float ceases to count.
    private static let largest = 1 << 24

    public let metrics: [NamedMetric]
    private let outputs: Int
    /// Where the counts of each lie.
    private let ranges: [Range<Int>]
    /// Floats, whole vectors; 0 where there are no metrics.
    public let count: Int

    /// - Throws: If the outputs cannot be judged by one of the metrics.
    package init(
        _ metrics: [NamedMetric], outputs: Int, hasProbabilities: Bool = true
    ) throws(LayerError) {
        self.metrics = metrics
        self.outputs = outputs
        var end = 0, ranges: [Range<Int>] = []
        for named in metrics {
            do throws(LayerError) { try named.metric.check(outputs: outputs) } catch {
                throw error.named(named.name)
            }
            guard hasProbabilities || !type(of: named.metric).readsProbabilities else {
                throw LayerError(
                    code: .lossMismatch, layer: named.name,
                    detail: "looks at probabilities, which this loss makes none of; leave it out")
            }
            let needed = named.metric.countsNeeded(outputs: outputs)
            guard needed <= Self.most - end else {
                throw LayerError(
                    code: .unsupported, layer: named.name,
                    detail: "counts \(needed) numbers for a model with \(outputs) outputs, and "
                        + "all metrics together may count \(Self.most); leave it out")
            }
            ranges.append(end..<end + needed)
            end += needed
        }
        self.ranges = ranges
        count = (end + 15) / 16 * 16
    }

    /// - Throws: If the counts of a step of an evaluation may grow larger than a float counts.
    public func check(samplesPerStep: Int) throws(LayerError) {
        guard let first = metrics.first, samplesPerStep > Self.largest / outputs else { return }
        throw LayerError(
            code: .unsupported, layer: first.name,
            detail: "would count \(outputs) outputs of each of \(samplesPerStep) samples, and no "
                + "more than \(Self.largest) can be counted in a step; leave the metrics out")
    }

    /// Counts one prediction.
    package func add(_ prediction: Prediction, to counts: MutableFloats) {
        for (named, range) in zip(metrics, ranges) {
            named.metric.count(prediction, into: counts.slice(range))
        }
    }

    /// What sums over all samples make.
    ///
    /// - Parameter sums: `count` of them, or none where nothing was counted.
    public func results(_ sums: [UInt64]) -> MetricResults {
        var results = MetricResults()
        guard !sums.isEmpty else { return results }
        for (named, range) in zip(metrics, ranges) {
            let counts = Array(sums[range])
            if let matrix = named.metric as? ConfusionMatrix {
                results.confusion = matrix.rows(of: counts, outputs: outputs)
            } else {
                let value = named.metric.value(of: counts)
                results.values.append(.init(name: named.name, value: value))
            }
        }
        return results
    }
}

/// What the metrics of a job say of a model and a set of samples.
public struct MetricResults: Hashable, Sendable {
    public struct Value: Hashable, Sendable {
        public var name: String
        public var value: Double

        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// In the order of the job.
    public var values: [Value]
    /// How many samples of each class (a row) were taken for each; empty if nobody asked.
    public var confusion: [[UInt64]]

    public init(values: [Value] = [], confusion: [[UInt64]] = []) {
        self.values = values
        self.confusion = confusion
    }
}
