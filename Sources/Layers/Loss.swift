// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// What training makes small, with Keras's names, fields and defaults.
///
/// A cross-entropy always works on logits: a softmax or sigmoid that ends the model becomes part of it, which is
/// exact where the activation alone would round to 0 or 1.
public struct Loss: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// `-ln softmax(logits)[label]`: one logit for each class.
        case sparseCategoricalCrossentropy = "sparse_categorical_crossentropy"
        /// The same, where a sample may also come with a share of each class.
        case categoricalCrossentropy = "categorical_crossentropy"
        /// `-ln sigmoid(logit)` for label 1, `-ln (1 - sigmoid(logit))` for label 0: a single logit.
        case binaryCrossentropy = "binary_crossentropy"
        /// `max(0, 1 - output)` for label 1, `max(0, 1 + output)` for label 0: a single output.
        case hinge
        /// The mean over the outputs of `(output - target)^2`: one output for each number of a sample.
        case meanSquaredError = "mean_squared_error"
        /// The mean over the outputs of `|output - target|`.
        case meanAbsoluteError = "mean_absolute_error"

        /// The activation that turns logits into probabilities; nil where outputs count as they are.
        var activation: ElementActivation? {
            switch self {
            case .sparseCategoricalCrossentropy, .categoricalCrossentropy: .softmax
            case .binaryCrossentropy: .sigmoid
            case .hinge, .meanSquaredError, .meanAbsoluteError: nil
            }
        }
    }

    public var kind: Kind
    /// The part of a label that all classes have evenly, of a cross-entropy.
    public var labelSmoothing: Double
    /// What the job says of the model's end; nil where it says nothing.
    public var fromLogits: Bool?
    /// Whether each sample comes with a share of each class, in place of a label.
    public var isDense = false

    public init(_ kind: Kind, labelSmoothing: Double = 0, fromLogits: Bool? = nil) {
        self.kind = kind
        self.labelSmoothing = labelSmoothing
        self.fromLogits = fromLogits
    }

    public static let sparseCategoricalCrossentropy = Loss(.sparseCategoricalCrossentropy)
    public static let categoricalCrossentropy = Loss(.categoricalCrossentropy)
    public static let binaryCrossentropy = Loss(.binaryCrossentropy)
    public static let hinge = Loss(.hinge)
    public static let meanSquaredError = Loss(.meanSquaredError)
    public static let meanAbsoluteError = Loss(.meanAbsoluteError)

    /// A name, in the spelling of Keras's functions or of its classes, or a name with fields:
    ///
    ///     loss: binary_crossentropy
    ///     loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}
    public init(_ value: ConfigValue, path: String) throws(ConfigError) {
        let entry: ConfigValue.Entry
        switch value.kind {
        case .scalar(let text): entry = .init(text, ConfigValue(.null, line: value.line))
        case .map(let entries) where entries.count == 1: entry = entries[0]
        case .map, .list, .null:
            throw ConfigError(
                code: .wrongType, path: path, line: value.line,
                detail:
                    "found \(value.summary), expected a loss: its name, or its name with its fields"
                    + " ({categorical_crossentropy: {label_smoothing: 0.1}})")
        }
        guard let kind = Kind(rawValue: snakeCase(entry.name)) else {
            let names = Kind.allCases.map(\.rawValue)
            throw ConfigError(
                code: .wrongType, path: path, line: value.line,
                detail: "found '\(entry.name)', expected one of \(names.joined(separator: ", "))"
                    + (Fields.nearest(entry.name, names).map { "; did you mean '\($0)'?" } ?? ""))
        }
        var fields = try Fields(entry.value, path: "\(path).\(entry.name)")
        self.init(kind)
        if kind.activation != nil {
            labelSmoothing = try fields.double("label_smoothing", default: 0, in: 0...1)
            fromLogits =
                fields.value("from_logits") == nil ? nil : try fields.bool("from_logits")
        }
        try fields.finish()
    }

    /// The plain name, unless there is more to say.
    public func encoded() -> ConfigValue {
        var fields: [ConfigValue.Entry] = []
        if let fromLogits { fields.append(.init("from_logits", .scalar(fromLogits))) }
        if labelSmoothing > 0 { fields.append(.init("label_smoothing", .scalar(labelSmoothing))) }
        return fields.isEmpty
            ? .scalar(kind.rawValue) : .map([.init(kind.rawValue, .map(fields))])
    }

    /// Keras's name.
    public var name: String { kind.rawValue }

    /// Whether outputs are compared with numbers, so that none is right or wrong, instead of with a class.
    public var isRegression: Bool { kind == .meanSquaredError || kind == .meanAbsoluteError }

    /// Whether each sample comes with a number for each output, in place of a label.
    public var readsNumbers: Bool { isRegression || isDense }

    /// Whether numbers can be shares of classes.
    public var takesShares: Bool { kind == .categoricalCrossentropy }

    var activation: ElementActivation? { kind.activation }

    /// Replaces logits by their gradient; see `LossRows`.
    func callAsFunction(
        _ kernels: KernelSet, _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats,
        correct: MutableBytes
    ) {
        var rows = rows
        rows.smoothing = Float(labelSmoothing)
        switch kind {
        case .sparseCategoricalCrossentropy, .categoricalCrossentropy:
            kernels.softmaxCrossEntropy(rows, logits, losses: losses, correct: correct)
        case .binaryCrossentropy:
            kernels.binaryCrossEntropy(rows, logits, losses: losses, correct: correct)
        case .hinge: kernels.hinge(rows, logits, losses: losses, correct: correct)
        case .meanSquaredError, .meanAbsoluteError:
            kernels.meanError(
                rows, squared: kind == .meanSquaredError, logits, losses: losses, correct: correct)
        }
    }
}
