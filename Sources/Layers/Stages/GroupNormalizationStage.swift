// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A layer or group normalisation.
struct GroupNormalizationStage: Stage {
    let layer: Int
    let geometry: GroupGeometry
    /// Empty where the layer has none.
    let gamma: Range<Int>, beta: Range<Int>

    var summary: String { "normalize each image" }

    var needs: StageNeeds {
        StageNeeds(
            input: geometry.count, output: geometry.count, kept: geometry.keptCount,
            scratch: geometry.scratchCount, inPlace: 0, rereadsInput: true)
    }

    var parameterRange: Range<Int> { gamma.lowerBound..<beta.upperBound }

    func forward(_ block: Block, _ memory: StageMemory) {
        block.kernels.groupNormalizeForward(
            geometry, live: block.live, operands(block, memory), into: memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.groupNormalizeBackward(
            geometry, live: block.live, operands(block, memory),
            GroupGradients(
                output: Floats(memory.outputGradient), input: memory.inputGradient,
                addsToInput: memory.addsToInput, gamma: block.gradient.slice(gamma),
                beta: block.gradient.slice(beta)))
    }

    private func operands(_ block: Block, _ memory: StageMemory) -> GroupOperands {
        GroupOperands(
            input: Floats(memory.input), gamma: block.weights.slice(gamma),
            beta: block.weights.slice(beta), kept: memory.kept,
            scratch: memory.scratch.slice(0..<geometry.scratchCount))
    }
}
