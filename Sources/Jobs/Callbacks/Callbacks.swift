// SPDX-License-Identifier: Apache-2.0
//
// What a run does with the numbers of an epoch, and how a job file says so.

import Configuration
import Layers

/// Something that looks at each epoch, with the names, fields and meanings of Keras's.
public protocol Callback: Hashable, Sendable {
    static var kerasName: String { get }
    /// - Parameter monitors: What there is to look at.
    init(fields: inout Fields, monitors: [String]) throws(ConfigError)
    /// All fields with their resolved values, in Keras's order.
    var fields: [ConfigValue.Entry] { get }
    var monitor: MonitoredMetric { get }
}

/// The callbacks of a job, at most one of each kind:
///
///     callbacks:
///       - EarlyStopping: {patience: 3, restore_best_weights: true}
///       - ReduceLROnPlateau: {factor: 0.5, patience: 2}
///       - ModelCheckpoint: {monitor: val_accuracy}
public struct Callbacks: Hashable, Sendable {
    public var earlyStopping: EarlyStopping?
    public var reduceLROnPlateau: ReduceLROnPlateau?
    public var modelCheckpoint: ModelCheckpoint?

    public init(
        earlyStopping: EarlyStopping? = nil, reduceLROnPlateau: ReduceLROnPlateau? = nil,
        modelCheckpoint: ModelCheckpoint? = nil
    ) {
        self.earlyStopping = earlyStopping
        self.reduceLROnPlateau = reduceLROnPlateau
        self.modelCheckpoint = modelCheckpoint
    }

    public var all: [any Callback] {
        let all: [(any Callback)?] = [earlyStopping, reduceLROnPlateau, modelCheckpoint]
        return all.compactMap { $0 }
    }

    /// Whether what an epoch was like decides about the next one: then that waits for it.
    public var steer: Bool { earlyStopping != nil || reduceLROnPlateau != nil }

    /// `callbacks`; none if the field is absent.
    init(_ fields: inout Fields, _ metrics: [NamedMetric]) throws(ConfigError) {
        guard let value = fields.value("callbacks") else { return }
        let monitors = MonitoredMetric.names(metrics)
        let kinds: [any Callback.Type] = [
            EarlyStopping.self, ReduceLROnPlateau.self, ModelCheckpoint.self,
        ]
        let names = kinds.map { $0.kerasName }
        let path = "\(fields.path).callbacks"
        guard case .list(let items) = value.kind else {
            throw ConfigError(
                code: .wrongType, path: path, line: value.line,
                detail: "found \(value.summary), expected a list of callbacks"
                    + " (- EarlyStopping: {patience: 3})")
        }
        for item in items {
            let entry: ConfigValue.Entry
            switch item.kind {
            case .scalar(let text): entry = .init(text, ConfigValue(.null, line: item.line))
            case .map(let entries) where entries.count == 1: entry = entries[0]
            case .map, .list, .null: entry = .init("", item)
            }
            var fields = try Fields(
                names.contains(entry.name) ? entry.value : ConfigValue(.null),
                path: "\(path).\(entry.name)")
            let isTwice = all.contains { type(of: $0).kerasName == entry.name }
            switch entry.name {
            case _ where isTwice:
                throw ConfigError(
                    code: .malformed, path: path, line: item.line,
                    detail: "has \(entry.name) twice; keep one of them")
            case EarlyStopping.kerasName:
                earlyStopping = try EarlyStopping(fields: &fields, monitors: monitors)
            case ReduceLROnPlateau.kerasName:
                reduceLROnPlateau = try ReduceLROnPlateau(fields: &fields, monitors: monitors)
            case ModelCheckpoint.kerasName:
                modelCheckpoint = try ModelCheckpoint(fields: &fields, monitors: monitors)
            default:
                throw ConfigError(
                    code: .unknownField, path: path, line: item.line,
                    detail: "found \(item.summary), which is no callback"
                        + (Fields.nearest(entry.name, names).map { "; did you mean '\($0)'?" }
                            ?? "; expected one of \(names.joined(separator: ", "))"))
            }
            try fields.finish()
        }
    }

    var encoded: ConfigValue {
        .list(all.map { .map([.init(type(of: $0).kerasName, .map($0.fields))]) })
    }
}
