// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A batch normalisation with, where they are fused, the branch that is added to it and the ReLU after.
struct NormalizationStage: Stage {
    let layer: Int
    var geometry: NormalizationGeometry
    /// Empty where the layer has none.
    let gamma: Range<Int>, beta: Range<Int>
    /// The moving statistics. In their place in the gradient stand the sums of the blocks' own.
    let mean: Range<Int>, variance: Range<Int>
    /// Whether training, too, takes the moving statistics as they are.
    let isFrozen: Bool

    var summary: String {
        (isFrozen ? "normalize, frozen" : "normalize") + (geometry.hasAddend ? ", add" : "")
            + geometry.activation.summary
    }

    var needs: StageNeeds {
        StageNeeds(
            input: geometry.count, output: geometry.count, kept: geometry.keptCount,
            inPlace: geometry.hasAddend ? 1 : 0, rereadsInput: !isFrozen,
            rereadsOutput: isFrozen ? geometry.activation == .relu : geometry.rereadsOutput)
    }

    var parameterRange: Range<Int> { gamma.lowerBound..<variance.upperBound }

    func forward(_ block: Block, _ memory: StageMemory) {
        if block.isTraining, !isFrozen {
            block.kernels.normalizeForward(
                geometry, live: block.live, operands(block, memory),
                NormalizationSums(
                    mean: block.gradient.slice(mean), variance: block.gradient.slice(variance)),
                into: memory.output)
        } else {
            let count = geometry.statisticsCount
            let scale = memory.kept.slice(0..<count)
            let shift = memory.kept.slice(count..<2 * count)
            fold(block, bias: Floats(start: nil, count: 0), scale: scale, shift: shift)
            block.kernels.scaleChannels(
                geometry, Floats(memory.input), addend: Floats(memory.addend),
                scale: Floats(scale), shift: Floats(shift), into: memory.output)
        }
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        if isFrozen { return backwardThroughFactors(block, memory) }
        block.kernels.normalizeBackward(
            geometry, live: block.live, operands(block, memory),
            NormalizationGradients(
                output: geometry.rereadsOutput
                    ? Floats(memory.output) : Floats(start: nil, count: 0),
                outputGradient: memory.outputGradient, inputGradient: memory.inputGradient,
                addsToInput: memory.addsToInput, gamma: block.gradient.slice(gamma),
                beta: block.gradient.slice(beta)))
    }

    /// Of `activation(shift + scale * input + addend)`. The addend has the gradient of the sum in place of the
    /// output's.
    private func backwardThroughFactors(_ block: Block, _ memory: StageMemory) {
        if geometry.activation == .relu {
            block.kernels.activationBackward(
                .relu, .vectors(geometry.count), values: Floats(memory.output),
                memory.outputGradient)
        }
        guard !memory.inputGradient.isEmpty else { return }
        var factors = geometry
        factors.activation = .linear
        factors.hasAddend = memory.addsToInput
        let count = geometry.statisticsCount
        let zeros = memory.kept.slice(2 * count..<3 * count)
        zeros.update(repeating: 0)
        let sum = memory.inputGradient.slice(0..<(memory.addsToInput ? geometry.count : 0))
        block.kernels.scaleChannels(
            factors, Floats(memory.outputGradient), addend: Floats(sum),
            scale: Floats(memory.kept.slice(0..<count)), shift: Floats(zeros),
            into: memory.inputGradient)
    }

    /// What is left of the normalisation outside training; see `KernelSet.foldNormalization`.
    func fold(_ block: Block, bias: Floats, scale: MutableFloats, shift: MutableFloats) {
        block.kernels.foldNormalization(
            NormalizationStatistics(
                gamma: block.weights.slice(gamma), beta: block.weights.slice(beta), bias: bias,
                mean: block.weights.slice(mean), variance: block.weights.slice(variance),
                epsilon: geometry.epsilon),
            scale: scale, shift: shift)
    }

    private func operands(_ block: Block, _ memory: StageMemory) -> NormalizationOperands {
        NormalizationOperands(
            input: Floats(memory.input), addend: Floats(memory.addend),
            gamma: block.weights.slice(gamma), beta: block.weights.slice(beta), kept: memory.kept)
    }
}
