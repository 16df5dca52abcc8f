// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Ends a training whose metric has not become better, by more than `minDelta`, for `patience` epochs.
public struct EarlyStopping: Callback {
    public static let kerasName = "EarlyStopping"

    public var monitor: MonitoredMetric
    public var minDelta: Double
    public var patience: Int
    /// What the metric has to be better than for an epoch to count as progress.
    public var baseline: Double?
    /// Whether a training ends with the weights of its best epoch, wherever it ends.
    public var restoreBestWeights: Bool
    /// Epochs before this one, counted from 0, do not count at all.
    public var startFromEpoch: Int

    public init(
        monitor: MonitoredMetric = .validationLoss, minDelta: Double = 0, patience: Int = 0,
        baseline: Double? = nil, restoreBestWeights: Bool = false, startFromEpoch: Int = 0
    ) {
        self.monitor = monitor
        self.minDelta = minDelta
        self.patience = patience
        self.baseline = baseline
        self.restoreBestWeights = restoreBestWeights
        self.startFromEpoch = startFromEpoch
    }

    public init(fields: inout Fields, monitors: [String]) throws(ConfigError) {
        monitor = try MonitoredMetric(&fields, monitors)
        minDelta = try fields.double("min_delta", default: 0, in: 0...1e30)
        patience = try fields.int("patience", default: 0, in: 0...1_000_000)
        baseline = fields.value("baseline") == nil ? nil : try fields.double("baseline")
        restoreBestWeights = try fields.bool("restore_best_weights", default: false)
        startFromEpoch = try fields.int("start_from_epoch", default: 0, in: 0...1_000_000)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("monitor", .scalar(monitor.rawValue)), .init("min_delta", .scalar(minDelta)),
            .init("patience", .scalar(patience)),
        ] + (baseline.map { [.init("baseline", .scalar($0))] } ?? []) + [
            .init("restore_best_weights", .scalar(restoreBestWeights)),
            .init("start_from_epoch", .scalar(startFromEpoch)),
        ]
    }

    /// - Parameter epoch: From 0.
    /// - Returns: Whether this is the best epoch so far, and whether it is the last one.
    func judge(_ metrics: EpochMetrics, epoch: Int, _ watch: inout Watch) -> (Bool, stops: Bool) {
        guard epoch >= startFromEpoch else { return (false, false) }
        let value = metrics[monitor]
        // Where no number was ever better, the first epoch's weights are as good as any.
        let isFirst = watch.best == nil && watch.wait == 0
        watch.wait += 1
        if monitor.isBetter(value, than: watch.best, by: minDelta) {
            watch.best = value
            if baseline == nil || monitor.isBetter(value, than: baseline, by: minDelta) {
                watch.wait = 0
            }
            return (true, false)
        }
        return (isFirst, watch.wait >= patience && epoch > 0)
    }
}
