// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Dropout: a mask that depends on seed, layer, epoch and position, and on nothing else.
struct DropoutStage: Stage {
    let layer: Int
    let rate: Float
    let pixels: Int, images: Int
    let storedChannels: Int, liveChannels: Int

    var summary: String { "dropout" }

    var needs: StageNeeds {
        let count = pixels * images * storedChannels
        return StageNeeds(input: count, output: count, marks: count, inPlace: 0)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        guard block.isTraining else { return }
        for image in 0..<block.live {
            memory.streams[image] = stream(block, position: block.firstPosition + image)
        }
        let draw = DropoutDraw(
            pixels: pixels, images: images, storedChannels: storedChannels,
            liveChannels: liveChannels, rate: rate,
            streams: UnsafeBufferPointer(memory.streams.slice(0..<block.live)))
        block.kernels.dropoutForward(draw, memory.output, kept: memory.marks)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        block.kernels.dropoutBackward(
            rate: rate, kept: Bytes(memory.marks), memory.outputGradient)
    }

    /// 12 bits of layer, 20 of epoch and 32 of position name a stream.
    private func stream(_ block: Block, position: Int) -> Philox {
        let layer = UInt32(truncatingIfNeeded: layer) << 20
        let epoch = UInt32(truncatingIfNeeded: block.epoch) & 0xF_FFFF
        return Philox(
            seed: block.seed, purpose: .dropout, layer | epoch,
            UInt32(truncatingIfNeeded: position))
    }
}
