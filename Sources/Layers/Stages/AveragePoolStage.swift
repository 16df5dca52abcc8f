// SPDX-License-Identifier: Apache-2.0

import Tensors

/// An average pool; a global one has the image as its window.
struct AveragePoolStage: Stage {
    let layer: Int
    let geometry: PoolGeometry

    var summary: String { "average \(geometry.windowHeight)x\(geometry.windowWidth)" }

    var needs: StageNeeds { StageNeeds(input: geometry.inputCount, output: geometry.outputCount) }

    func forward(_ block: Block, _ memory: StageMemory) {
        block.kernels.averagePoolForward(geometry, Floats(memory.input), into: memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.averagePoolBackward(
            geometry, Floats(memory.outputGradient), adding: memory.addsToInput,
            into: memory.inputGradient)
    }
}
