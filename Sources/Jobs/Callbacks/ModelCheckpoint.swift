// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Keeps the model of the best epoch so far in a file of its own, as Keras's `save_best_only`.
///
/// What a run needs to go on after an accident it writes anyway.
public struct ModelCheckpoint: Callback {
    public static let kerasName = "ModelCheckpoint"

    public var monitor: MonitoredMetric

    public init(monitor: MonitoredMetric = .validationLoss) { self.monitor = monitor }

    public init(fields: inout Fields, monitors: [String]) throws(ConfigError) {
        monitor = try MonitoredMetric(&fields, monitors)
    }

    public var fields: [ConfigValue.Entry] { [.init("monitor", .scalar(monitor.rawValue))] }

    /// - Returns: Whether this is the best epoch so far.
    func judge(_ metrics: EpochMetrics, _ watch: inout Watch) -> Bool {
        guard monitor.isBetter(metrics[monitor], than: watch.best, by: 0) else { return false }
        watch.best = metrics[monitor]
        return true
    }
}
