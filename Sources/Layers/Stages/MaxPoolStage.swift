// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A max or min pool that is not part of a convolution.
struct MaxPoolStage: Stage {
    let layer: Int
    let geometry: PoolGeometry

    var summary: String {
        "\(geometry.takesSmallest ? "min " : "")pool \(geometry.windowHeight)x\(geometry.windowWidth)"
    }

    var needs: StageNeeds {
        StageNeeds(
            input: geometry.inputCount, output: geometry.outputCount, marks: geometry.argmaxCount)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        block.kernels.maxPoolForward(
            geometry, Floats(memory.input), into: memory.output, argmax: memory.marks)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.maxPoolBackward(
            geometry, Floats(memory.outputGradient), argmax: Bytes(memory.marks),
            adding: memory.addsToInput,
            into: memory.inputGradient)
    }
}
