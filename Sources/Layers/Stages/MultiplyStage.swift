// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The product of two branches, of which the second may have one pixel for all of the first.
struct MultiplyStage: Stage {
    let layer: Int
    let count: Int

    var summary: String { "multiply" }

    var needs: StageNeeds {
        StageNeeds(
            input: count, output: count, inPlace: 0, rereadsInput: true, rereadsOthers: true)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        block.kernels.multiply(memory.output, by: Floats(memory.others[0].values))
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        let factors = memory.others[0]
        if !factors.gradient.isEmpty {
            block.kernels.sumProducts(
                Floats(memory.outputGradient), Floats(memory.input), adding: factors.adds,
                into: factors.gradient)
        }
        block.kernels.multiply(memory.outputGradient, by: Floats(factors.values))
    }
}
