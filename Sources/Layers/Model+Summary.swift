// SPDX-License-Identifier: Apache-2.0

import Tensors

/// One line of a model's summary.
public struct SummaryRow: Hashable, Sendable {
    /// `conv2d_1`
    public let name: String
    /// `Conv2D`
    public let type: String
    /// Without the batch axis.
    public let output: Shape
    public let parameters: Int
}

extension Model {
    /// A row for each layer, as Keras's `model.summary()` shows them.
    public var summary: [SummaryRow] {
        layers.indices.map { index in
            SummaryRow(
                name: names[index], type: layers[index].kerasName, output: outputShapes[index],
                parameters: parameters.entries.lazy.filter { $0.layer == index }
                    .reduce(0) { $0 + $1.shape.count })
        }
    }

    /// What computes, stage by stage: `conv2d: narrow 3x3, relu, pool`.
    public var stageSummary: [String] {
        stages.map { "\(names[$0.layer]): \($0.summary)" }
    }

    /// The same of evaluation and prediction, where normalisations are folded.
    package var evaluationSummary: [String] {
        evaluation.stages.map { "\(names[$0.layer]): \($0.summary)" }
    }

    /// Bytes of memory that each compute thread's replica allocates.
    public var planBytes: Int { ReplicaMemory.byteCount(of: self) }

    /// Bytes of the prepared weights that a worker's threads share.
    public var preparedBytes: Int { stages.reduce(0) { $0 + $1.preparedCount } * 4 }
}
