// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The sum of two branches that no normalisation computes on its way.
struct AddStage: Stage {
    let layer: Int
    let count: Int

    var summary: String { "add" }

    var needs: StageNeeds { StageNeeds(input: count, output: count, inPlace: 0) }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        block.kernels.add(UnsafeRawBufferPointer(memory.addend), to: memory.output)
    }

    /// The gradient of the output is that of both; the input has it already, in place.
    func backward(_ block: Block, _ memory: StageMemory) {
        guard !memory.addendGradient.isEmpty else { return }
        if memory.addsToAddend {
            block.kernels.add(
                UnsafeRawBufferPointer(memory.outputGradient), to: memory.addendGradient)
        } else {
            _ = memory.addendGradient.update(fromContentsOf: memory.outputGradient)
        }
    }
}
