// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Keeps the weights that a unit or filter reads its inputs by no longer than `maxValue`, after each step: Keras's
/// `MaxNorm`, by its names.
///
///     kernel_constraint: {MaxNorm: {max_value: 2, axis: 0}}
///     kernel_constraint: {name: max_norm, max_value: 2, axis: [0, 1, 2]}
public struct MaxNorm: Hashable, Sendable {
    static let kerasName = "MaxNorm"

    public var maxValue: Double
    /// The axes that a norm is over.
    public var axis: [Int]

    public init(maxValue: Double = 2, axis: [Int] = [0]) {
        self.maxValue = maxValue
        self.axis = axis
    }

    init(_ value: ConfigValue, path: String) throws(ConfigError) {
        var body = value, name: String?
        switch value.kind {
        case .scalar(let text):
            (name, body) = (text, ConfigValue(.null, line: value.line))
        case .map(let entries) where entries.count == 1 && entries[0].name != "name":
            (name, body) = (entries[0].name, entries[0].value)
        case .map, .list, .null: break
        }
        var fields = try Fields(body, path: path)
        let found: String
        if let name { found = name } else { found = try fields.string("name") }
        guard [Self.kerasName, "max_norm"].contains(found) else {
            throw ConfigError(
                code: .outOfRange, path: path, line: value.line,
                detail: "'\(found)' is not a constraint; expected MaxNorm")
        }
        maxValue = try fields.double("max_value", default: 2, in: 1e-30...1e30)
        axis = try Self.axis(&fields)
        try fields.finish()
    }

    /// One axis, or a list of them.
    private static func axis(_ fields: inout Fields) throws(ConfigError) -> [Int] {
        guard let value = fields.value("axis") else { return [0] }
        guard case .list = value.kind else { return [try fields.int("axis", in: 0...3)] }
        return try fields.numbers("axis", in: 0...3).map { Int($0) }
    }

    var encoded: ConfigValue {
        .map([
            .init("name", .scalar("max_norm")), .init("max_value", .scalar(maxValue)),
            .init(
                "axis",
                axis.count == 1 ? .scalar(axis[0]) : .list(axis.map { .scalar($0) })),
        ])
    }
}

extension WeightOptions {
    /// - Parameter axes: Those of what a unit or filter reads; nil where nothing can be constrained.
    /// - Throws: If a constraint is over others.
    func checkConstraint(over axes: [Int]?) throws(LayerError) {
        guard let constraint = kernelConstraint, constraint.axis.sorted() != axes else { return }
        func text(_ axes: [Int]) -> String { axes.count == 1 ? "\(axes[0])" : "\(axes)" }
        throw LayerError(
            code: .unsupported,
            detail: "has a kernel_constraint over axis \(text(constraint.axis)), "
                + (axes.map {
                    "only axis: \(text($0)) is computed, all that a unit reads by; set that"
                }
                    ?? "none is computed here; leave it out"))
    }

    /// Of a kernel whose columns have so many rows.
    func limit(rows: Int) -> ParameterLayout.Limit? {
        guard let kernelConstraint else { return nil }
        return ParameterLayout.Limit(norm: kernelConstraint.maxValue, rows: rows)
    }
}
