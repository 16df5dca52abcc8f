// SPDX-License-Identifier: Apache-2.0
//
// The door for normalisation.

import Tensors

extension Loops {
    package static func normalizeForward(
        _ geometry: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ sums: NormalizationSums, into output: MutableFloats
    ) {
        Normalization.forward(geometry, live: live, operands, sums, into: output.baseAddress!)
    }

    package static func normalizeBackward(
        _ geometry: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ gradients: NormalizationGradients
    ) {
        Normalization.backward(geometry, live: live, operands, gradients)
    }

    package static func foldNormalization(
        _ statistics: NormalizationStatistics, scale: MutableFloats, shift: MutableFloats
    ) {
        guard let scale = scale.baseAddress, let shift = shift.baseAddress else { return }
        Normalization.fold(statistics, scale, shift, count: statistics.mean.count)
    }

    package static func scaleChannels(
        _ geometry: NormalizationGeometry, _ input: Floats, addend: Floats, scale: Floats,
        shift: Floats, into output: MutableFloats
    ) {
        Normalization.scaleChannels(
            geometry, input.baseAddress!, geometry.hasAddend ? addend.baseAddress : nil,
            scale.baseAddress!, shift.baseAddress!, into: output.baseAddress!)
    }

    package static func groupNormalizeForward(
        _ geometry: GroupGeometry, live: Int, _ operands: GroupOperands, into output: MutableFloats
    ) {
        GroupNormalization(geometry, live: live, operands).forward(into: output.baseAddress!)
    }

    package static func groupNormalizeBackward(
        _ geometry: GroupGeometry, live: Int, _ operands: GroupOperands, _ gradients: GroupGradients
    ) {
        GroupNormalization(geometry, live: live, operands).backward(gradients)
    }

    package static func movingAverage(_ step: MovingAverageStep, _ slice: OptimizerSlice) {
        if !slice.weights.isEmpty { Optimizers.movingAverage(step, slice) }
    }
}
