// SPDX-License-Identifier: Apache-2.0

import Tensors

/// An activation that is not part of a convolution.
struct ActivationStage: Stage {
    let layer: Int
    let activation: ElementActivation
    let rows: Rows

    var summary: String { "\(activation)" }

    var needs: StageNeeds {
        StageNeeds(
            input: rows.floatCount, output: rows.floatCount, inPlace: 0,
            rereadsInput: activation.rereadsInput, rereadsOutput: !activation.rereadsInput)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        block.kernels.activationForward(activation, rows, memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.activationBackward(
            activation, rows,
            values: Floats(activation.rereadsInput ? memory.input : memory.output),
            memory.outputGradient)
    }
}
