// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The weights in the forms that kernels read (transposed, transformed), shared by all threads of a
/// worker.
///
/// Distinct stages may be prepared by different threads at the same time; a stage must not be prepared
/// while a replica uses it.
public final class PreparedWeights: Sendable {
    private let model: Model
    private let kernels: KernelSet
    private let ranges: [Range<Int>]
    private let buffer: AlignedBuffer<Float>
    private let whitening: AlignedBuffer<Float>

    public init(model: Model, kernels: KernelSet) {
        var ranges: [Range<Int>] = []
        for stage in model.stages {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<start + stage.preparedCount)
        }
        self.model = model
        self.kernels = kernels
        self.ranges = ranges
        buffer = AlignedBuffer(count: ranges.last?.upperBound ?? 0)
        whitening = AlignedBuffer(count: model.whitening?.geometry.weightCount ?? 0)
    }

    /// Takes the matrix that whitens images, once and before any of them is computed with.
    ///
    /// - Parameter matrix: `model.whiteningCount` floats.
    public func prepareWhitening(from matrix: Floats) {
        precondition(
            matrix.count == model.whiteningCount,
            "whitening: \(matrix.count) floats, the model takes \(model.whiteningCount)")
        model.whitening?.place(matrix, into: whitening.elements)
    }

    /// Brings the weights of one stage into the form of the kernels; for a stage without weights there
    /// is nothing to do.
    ///
    /// - Parameter weights: The flat buffer of all parameters.
    public func prepare(stage: Int, from weights: Floats) {
        model.stages[stage].prepare(kernels, from: weights, into: buffer[ranges[stage]])
    }

    /// All stages, one after another.
    public func prepareAll(from weights: Floats) {
        for stage in model.stages.indices { prepare(stage: stage, from: weights) }
    }

    var whiteningFloats: Floats { Floats(whitening.elements) }

    func floats(stage: Int) -> Floats { Floats(buffer[ranges[stage]]) }
}
