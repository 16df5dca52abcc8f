// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The same numbers in rows of another length.
struct RepackStage: Stage {
    let layer: Int
    let images: Int
    let input: PixelRows, output: PixelRows

    var summary: String { "repack \(output.pixels)x\(output.channels)" }

    var needs: StageNeeds {
        StageNeeds(input: input.count(images), output: output.count(images))
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        block.kernels.repack(
            input, as: output, images: images, Floats(memory.input), adding: false,
            into: memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.repack(
            output, as: input, images: images, Floats(memory.outputGradient),
            adding: memory.addsToInput, into: memory.inputGradient)
    }
}
