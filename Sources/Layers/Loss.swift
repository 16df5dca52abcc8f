// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What training makes small. The value is Keras's name.
///
/// A loss always works on logits: a softmax or sigmoid that ends the model becomes part of it, which is
/// exact where the activation alone would round to 0 or 1.
public enum Loss: String, Hashable, Sendable, CaseIterable {
    /// `-ln softmax(logits)[label]`: one logit for each class.
    case sparseCategoricalCrossentropy = "sparse_categorical_crossentropy"
    /// `-ln sigmoid(logit)` for label 1, `-ln (1 - sigmoid(logit))` for label 0: a single logit.
    case binaryCrossentropy = "binary_crossentropy"
    /// The mean over the outputs of `(output - target)^2`: one output for each number of a sample.
    case meanSquaredError = "mean_squared_error"
    /// The mean over the outputs of `|output - target|`.
    case meanAbsoluteError = "mean_absolute_error"

    /// Whether outputs are compared with numbers, so that none is right or wrong, instead of with a class.
    public var isRegression: Bool { activation == nil }

    /// The activation that turns logits into probabilities; nil where outputs count as they are.
    var activation: ElementActivation? {
        switch self {
        case .sparseCategoricalCrossentropy: .softmax
        case .binaryCrossentropy: .sigmoid
        case .meanSquaredError, .meanAbsoluteError: nil
        }
    }

    /// Replaces logits by their gradient; see `LossRows`.
    func callAsFunction(
        _ kernels: KernelSet, _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats,
        correct: MutableBytes
    ) {
        switch self {
        case .sparseCategoricalCrossentropy:
            kernels.softmaxCrossEntropy(rows, logits, losses: losses, correct: correct)
        case .binaryCrossentropy:
            kernels.binaryCrossEntropy(rows, logits, losses: losses, correct: correct)
        case .meanSquaredError, .meanAbsoluteError:
            kernels.meanError(
                rows, squared: self == .meanSquaredError, logits, losses: losses, correct: correct)
        }
    }

    /// - Throws: If a model that ends with `units` outputs and `final` cannot be trained with this loss
    ///   on data of `classes` classes, or of as many numbers a sample.
    func check(
        units: Int, final: ElementActivation?, classes: Int?
    ) throws(LayerError) {
        if let final, final != activation {
            throw LayerError(
                code: .lossMismatch,
                detail: activation.map {
                    "ends the model with \(final), but \(rawValue) goes with \($0)"
                }
                    ?? "ends the model with \(final), but \(rawValue) compares any numbers; leave the"
                    + " activation out")
        }
        switch self {
        case .sparseCategoricalCrossentropy:
            if units < 2 {
                throw LayerError(
                    code: .lossMismatch,
                    detail:
                        "one output cannot tell classes apart with \(rawValue); end the model with"
                        + " one unit a class, or use loss: binary_crossentropy for two classes")
            }
            if let classes, units < classes {
                throw LayerError(
                    code: .lossMismatch,
                    detail: "\(units) outputs for \(classes) classes; end the model with"
                        + " Dense: {units: \(classes)}")
            }
        case .binaryCrossentropy:
            if units != 1 || (classes ?? 2) != 2 {
                throw LayerError(
                    code: .lossMismatch,
                    detail:
                        "binary_crossentropy needs 1 output and 2 classes, found \(units) outputs"
                        + (classes.map { " and \($0) classes" } ?? "")
                        + "; use loss: sparse_categorical_crossentropy with one unit a class")
            }
        case .meanSquaredError, .meanAbsoluteError:
            if let classes, units != classes {
                throw LayerError(
                    code: .lossMismatch,
                    detail: "\(units) outputs for \(classes) numbers a sample; end the model with"
                        + " Dense: {units: \(classes)}")
            }
        }
    }
}
