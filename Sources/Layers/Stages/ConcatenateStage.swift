// SPDX-License-Identifier: Apache-2.0

import Tensors

/// The channels of several branches side by side.
struct ConcatenateStage: Stage {
    let layer: Int
    /// Where those of each branch go.
    let slices: [ChannelSlice]

    var summary: String { "concatenate \(slices.count)" }

    var needs: StageNeeds {
        StageNeeds(input: slices[0].partCount, output: slices[0].wholeCount)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        for (index, slice) in slices.enumerated() {
            block.kernels.placeChannels(
                slice, Floats(memory[index].values), into: memory.output)
        }
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        for (index, slice) in slices.enumerated() where !memory[index].gradient.isEmpty {
            block.kernels.takeChannels(
                slice, Floats(memory.outputGradient), adding: memory[index].adds,
                into: memory[index].gradient)
        }
    }
}
