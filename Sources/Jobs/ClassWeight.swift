// SPDX-License-Identifier: Apache-2.0

import Configuration
import Datasets

/// `training.class_weight:` what the loss of an image counts in training, by its class.
///
///     class_weight: balanced
///     class_weight: {cat: 1, dog: 2.5}
///     class_weight: {0: 1, 1: 2.5}
///
/// As in Keras a weighted loss is still divided by the number of images, and neither the accuracy nor the
/// validation knows of weights.
public enum ClassWeight: Sendable, Equatable {
    /// images / (classes * images of the class), as scikit-learn has it: each class counts as much as
    /// each other one.
    case balanced
    /// Of some classes; the others count 1.
    case given([Weight])

    public struct Weight: Sendable, Equatable {
        /// The name of a class, or else its number from 0.
        public var name: String
        public var value: Double

        public init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    static let range = 0.0...1e6
    private static let path = "training.class_weight"

    /// - Returns: nil if the field is absent, or names no class.
    init?(fields: inout Fields) throws(ConfigError) {
        guard let value = fields.value("class_weight") else { return nil }
        switch value.kind {
        case .scalar("balanced"): self = .balanced
        case .map(let entries):
            var inner = try Fields(value, path: Self.path)
            var weights: [Weight] = []
            for entry in entries {
                weights.append(Weight(entry.name, try inner.double(entry.name, in: Self.range)))
            }
            if weights.isEmpty { return nil }
            self = .given(weights)
        case .null, .scalar, .list:
            throw ConfigError(
                code: .wrongType, path: Self.path, line: value.line,
                detail: "found \(value.summary), expected balanced, or a map of classes to numbers")
        }
    }

    func encoded() -> ConfigValue {
        switch self {
        case .balanced: .scalar("balanced")
        case .given(let weights): .map(weights.map { .init($0.name, .scalar($0.value)) })
        }
    }

    /// One weight for each class of the training data.
    ///
    /// - Throws: If a class is not there, is meant twice or has nothing to count.
    public func weights(in training: any Dataset) throws(ConfigError) -> [Double] {
        switch self {
        case .balanced: try Self.balanced(training)
        case .given(let weights): try Self.given(weights, training.classNames)
        }
    }

    private static func balanced(_ training: any Dataset) throws(ConfigError) -> [Double] {
        let names = training.classNames
        var counts = names.map { _ in 0 }
        for index in 0..<training.count { counts[Int(training.label(index))] += 1 }
        if let empty = counts.firstIndex(of: 0) {
            throw ConfigError(
                code: .outOfRange, path: path, line: 0,
                detail: "is balanced, but class '\(names[empty])' has no training images; leave "
                    + "the class out of the data, or give weights: class_weight: "
                    + "{'\(names[empty])': 1}")
        }
        return counts.map { Double(training.count) / (Double(names.count) * Double($0)) }
    }

    private static func given(
        _ given: [Weight], _ names: [String]
    ) throws(ConfigError) -> [Double] {
        var weights = names.map { _ in 1.0 }
        var keys: [Int: String] = [:]
        for weight in given {
            let number = Int(weight.name).flatMap { names.indices.contains($0) ? $0 : nil }
            guard let label = names.firstIndex(of: weight.name) ?? number else {
                let nearest = Fields.nearest(weight.name, names)
                throw ConfigError(
                    code: .unknownField, path: "\(path).\(weight.name)", line: 0,
                    detail: "is not a class of the data"
                        + (nearest.map { "; did you mean '\($0)'?" }
                            ?? "; expected one of \(names.prefix(12).joined(separator: ", "))"
                            + (names.count > 12 ? ", ..." : "")
                            + ", or a number from 0 to \(names.count - 1)"))
            }
            if let other = keys.updateValue(weight.name, forKey: label) {
                throw ConfigError(
                    code: .malformed, path: "\(path).\(weight.name)", line: 0,
                    detail: "is the class that '\(other)' names too; keep one of them")
            }
            weights[label] = weight.value
        }
        guard weights.contains(where: { $0 > 0 }) else {
            throw ConfigError(
                code: .outOfRange, path: path, line: 0,
                detail: "is 0 for every class, so there is nothing to learn; "
                    + "expected a weight above 0")
        }
        return weights
    }
}
