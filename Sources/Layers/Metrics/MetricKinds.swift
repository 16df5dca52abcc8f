// SPDX-License-Identifier: Apache-2.0
//
// The metrics that a job file may name, and how its list of them is read.

import Configuration

/// Every kind of metric, in the order in which messages list them.
let metricKinds: [any Metric.Type] = [
    TopKCategoricalAccuracy.self, Precision.self, Recall.self, AUC.self, ConfusionMatrix.self,
]

/// Names that stand for something else in reports.
private let takenNames = ["loss", "accuracy"]

/// Reads a list of metrics, each a bare name or a map with one entry, in the spelling of Keras's functions or of
/// its classes:
///
///     metrics: [accuracy, auc, Precision: {class_id: 1}]
///
/// The accuracy is always there, so nothing comes of its name.
public func parseMetrics(
    _ value: ConfigValue?, path: String
) throws(ConfigError) -> [NamedMetric] {
    guard let value else { return [] }
    guard case .list(let items) = value.kind else {
        throw ConfigError(
            code: .wrongType, path: path, line: value.line,
            detail: "found \(value.summary), expected a list of metrics (- auc)")
    }
    var metrics: [NamedMetric] = []
    for item in items {
        let entry: ConfigValue.Entry
        switch item.kind {
        case .scalar("accuracy"): continue
        case .scalar(let text): entry = .init(text, ConfigValue(.null, line: item.line))
        case .map(let entries) where entries.count == 1: entry = entries[0]
        case .map, .list, .null: entry = .init("", item)
        }
        guard let kind = metricKinds.first(where: { [$0.stem, $0.kerasName].contains(entry.name) })
        else {
            let names = ["accuracy"] + metricKinds.map { $0.stem }
            throw ConfigError(
                code: .unknownField, path: path, line: item.line,
                detail: "found \(item.summary), which is no metric"
                    + (Fields.nearest(entry.name, names).map { "; did you mean '\($0)'?" }
                        ?? "; expected one of \(names.joined(separator: ", "))"))
        }
        var fields = try Fields(entry.value, path: "\(path).\(entry.name)")
        let metric = try kind.init(fields: &fields)
        let name = try fields.name("name") ?? kind.stem
        try fields.finish()
        guard !takenNames.contains(name), !metrics.contains(where: { $0.name == name }) else {
            throw ConfigError(
                code: .malformed, path: path, line: item.line,
                detail: "has '\(name)' twice; give one of them another 'name'")
        }
        metrics.append(NamedMetric(name: name, metric: metric))
    }
    return metrics
}

/// The list that `parseMetrics` reads back to the same metrics.
public func encodeMetrics(_ metrics: [NamedMetric]) -> ConfigValue {
    .list(metrics.map { $0.encoded() })
}
