// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Multiplies the learning rate by `factor` when a metric has not become better, by more than `minDelta`, for
/// `patience` epochs; then leaves it alone for `cooldown` epochs.
public struct ReduceLROnPlateau: Callback {
    public static let kerasName = "ReduceLROnPlateau"

    public var monitor: MonitoredMetric
    public var factor: Double
    public var patience: Int
    public var minDelta: Double
    public var cooldown: Int
    public var minLR: Double

    public init(
        monitor: MonitoredMetric = .validationLoss, factor: Double = 0.1, patience: Int = 10,
        minDelta: Double = 0.0001, cooldown: Int = 0, minLR: Double = 0
    ) {
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.minDelta = minDelta
        self.cooldown = cooldown
        self.minLR = minLR
    }

    public init(fields: inout Fields, monitors: [String]) throws(ConfigError) {
        monitor = try MonitoredMetric(&fields, monitors)
        factor = try fields.double("factor", default: 0.1, in: 1e-9...0.999_999)
        patience = try fields.int("patience", default: 10, in: 0...1_000_000)
        minDelta = try fields.double("min_delta", default: 0.0001, in: 0...1e30)
        cooldown = try fields.int("cooldown", default: 0, in: 0...1_000_000)
        minLR = try fields.double("min_lr", default: 0, in: 0...1e6)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("monitor", .scalar(monitor.rawValue)), .init("factor", .scalar(factor)),
            .init("patience", .scalar(patience)), .init("min_delta", .scalar(minDelta)),
            .init("cooldown", .scalar(cooldown)), .init("min_lr", .scalar(minLR)),
        ]
    }

    /// - Parameter resting: Epochs of the cooldown that are left.
    /// - Returns: The new learning rate, if it changes.
    func judge(
        _ metrics: EpochMetrics, rate: Double, _ watch: inout Watch, resting: inout Int
    ) -> Double? {
        let value = metrics[monitor]
        if resting > 0 {
            resting -= 1
            watch.wait = 0
        }
        if monitor.isBetter(value, than: watch.best, by: minDelta) {
            watch.best = value
            watch.wait = 0
        } else if resting == 0 {
            watch.wait += 1
            if watch.wait >= patience, rate > minLR {
                resting = cooldown
                watch.wait = 0
                return max(rate * factor, minLR)
            }
        }
        return nil
    }
}
