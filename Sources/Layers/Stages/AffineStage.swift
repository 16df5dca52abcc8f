// SPDX-License-Identifier: Apache-2.0

import Tensors

/// `x * scale + offset` behind the first layer.
struct AffineStage: Stage {
    let layer: Int
    let scale: Float, offset: Float
    let rows: Rows

    var summary: String { "scale and offset" }

    var needs: StageNeeds {
        StageNeeds(input: rows.floatCount, output: rows.floatCount, inPlace: 0)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        block.kernels.affine(scale: scale, offset: offset, rows, memory.output)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.affine(scale: scale, offset: 0, rows, memory.outputGradient)
    }
}
