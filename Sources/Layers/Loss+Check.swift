// SPDX-License-Identifier: Apache-2.0
//
// Whether a model's end, a loss and the data go together.

import Tensors

extension Loss {
    /// - Parameters:
    ///   - units: Outputs of the model.
    ///   - final: The softmax or sigmoid that ends it, if one does.
    ///   - classes: Of the data, or how many numbers a sample has.
    /// - Throws: If the model cannot be trained with this loss on this data.
    func check(
        units: Int, final: ElementActivation?, classes: Int?
    ) throws(LayerError) {
        func fault(_ detail: String) -> LayerError {
            LayerError(code: .lossMismatch, detail: detail)
        }
        if let final, final != activation {
            throw fault(
                activation.map { "ends the model with \(final), but \(name) goes with \($0)" }
                    ?? (kind == .hinge
                        ? "ends the model with \(final), but hinge wants numbers of both signs; use"
                            + " tanh, or leave the activation out"
                        : "ends the model with \(final), but \(name) compares any numbers; leave the"
                            + " activation out"))
        }
        if let fromLogits, fromLogits != (final == nil) {
            throw fault(
                "ends the model with \(final.map { "\($0)" } ?? "logits"), but loss.from_logits is "
                    + "\(fromLogits); leave from_logits out: it follows from how the model ends")
        }
        switch kind {
        case .sparseCategoricalCrossentropy, .categoricalCrossentropy:
            if units < 2 {
                throw fault(
                    "one output cannot tell classes apart with \(name); end the model with"
                        + " one unit a class, or use loss: binary_crossentropy for two classes")
            }
            if let classes, isDense ? units != classes : units < classes {
                throw fault(
                    "\(units) outputs for \(classes) classes; end the model with"
                        + " Dense: {units: \(classes)}")
            }
        case .binaryCrossentropy, .hinge:
            if units != 1 || (classes ?? 2) != 2 {
                throw fault(
                    "\(name) needs 1 output and 2 classes, found \(units) outputs"
                        + (classes.map { " and \($0) classes" } ?? "")
                        + "; use loss: sparse_categorical_crossentropy with one unit a class")
            }
        case .meanSquaredError, .meanAbsoluteError:
            if let classes, units != classes {
                throw fault(
                    "\(units) outputs for \(classes) numbers a sample; end the model with"
                        + " Dense: {units: \(classes)}")
            }
        }
    }
}
