// SPDX-License-Identifier: Apache-2.0

import Tensors

/// More pixels in the place of each.
struct UpsampleStage: Stage {
    let layer: Int
    let geometry: UpsampleGeometry

    var summary: String { "upsample \(geometry.factorY)x\(geometry.factorX)" }

    var needs: StageNeeds { StageNeeds(input: geometry.inputCount, output: geometry.outputCount) }

    func forward(_ block: Block, _ memory: StageMemory) {
        block.kernels.upsampleForward(geometry, Floats(memory.input), into: memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.upsampleBackward(
            geometry, Floats(memory.outputGradient), adding: memory.addsToInput,
            into: memory.inputGradient)
    }
}
