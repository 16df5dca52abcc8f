// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// When a probability is a yes, and of which outputs: what precision and recall have in common.
///
/// As in Keras each output of each sample is a question of its own, unless one class is asked for.
struct Decision: Hashable, Sendable {
    var threshold: Double
    /// The output that counts; nil for all.
    var classID: Int?

    init(threshold: Double = 0.5, classID: Int? = nil) {
        self.threshold = threshold
        self.classID = classID
    }

    init(fields: inout Fields) throws(ConfigError) {
        threshold = try fields.double("thresholds", default: 0.5, in: 0...1)
        classID = try fields.optionalInt("class_id", in: 0...1_000_000)
    }

    var fields: [ConfigValue.Entry] {
        [.init("thresholds", .scalar(threshold))]
            + (classID.map { [.init("class_id", .scalar($0))] } ?? [])
    }

    func check(outputs: Int) throws(LayerError) {
        guard let classID, classID >= outputs else { return }
        throw LayerError(
            code: .lossMismatch,
            detail: "asks for class_id \(classID), but the model ends with \(outputs) outputs, "
                + "which count from 0")
    }

    /// The outputs that it asks about.
    func outputs(of prediction: Prediction) -> Range<Int> {
        classID.map { $0..<$0 + 1 } ?? prediction.probabilities.indices
    }

    func isYes(_ probability: Float) -> Bool { probability > Float(threshold) }
}
