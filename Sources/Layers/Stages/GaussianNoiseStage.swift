// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Noise that depends on seed, layer, epoch and position, and on nothing else.
struct GaussianNoiseStage: Stage {
    let layer: Int
    let deviation: Float
    let pixels: Int, images: Int
    let storedChannels: Int, liveChannels: Int

    var summary: String { "noise" }

    var needs: StageNeeds {
        let count = pixels * images * storedChannels
        return StageNeeds(input: count, output: count, inPlace: 0)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        guard block.isTraining else { return }
        let draw = NoiseDraw(
            pixels: pixels, images: images, storedChannels: storedChannels,
            liveChannels: liveChannels, deviation: deviation,
            streams: block.streams(.gaussianNoise, layer: layer, in: memory.streams))
        block.kernels.addNoise(draw, to: memory.output)
    }

    /// The gradient stays what it is, where it is.
    func backward(_ block: Block, _ memory: StageMemory) {}
}
