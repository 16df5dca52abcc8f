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
        let addend = memory.others[0]
        guard !addend.gradient.isEmpty else { return }
        if addend.adds {
            block.kernels.add(UnsafeRawBufferPointer(memory.outputGradient), to: addend.gradient)
        } else {
            _ = addend.gradient.update(fromContentsOf: memory.outputGradient)
        }
    }
}
