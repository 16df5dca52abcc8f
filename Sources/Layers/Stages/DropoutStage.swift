// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Dropout: a mask that depends on seed, layer, epoch and position, and on nothing else.
struct DropoutStage: Stage {
    let layer: Int
    let rate: Float
    let pixels: Int, images: Int
    let storedChannels: Int, liveChannels: Int
    /// Whether what is drawn for the first pixel holds for all of them.
    let dropsChannels: Bool

    var summary: String { dropsChannels ? "dropout of channels" : "dropout" }

    private var pixel: Int { images * storedChannels }
    private var drawnPixels: Int { dropsChannels ? 1 : pixels }

    var needs: StageNeeds {
        StageNeeds(
            input: pixels * pixel, output: pixels * pixel, marks: drawnPixels * pixel, inPlace: 0)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        memory.copyInputToOutput()
        guard block.isTraining else { return }
        let draw = DropoutDraw(
            pixels: drawnPixels, images: images, storedChannels: storedChannels,
            liveChannels: liveChannels, rate: rate,
            streams: block.streams(.dropout, layer: layer, in: memory.streams))
        block.kernels.dropoutForward(draw, memory.output.slice(0..<draw.count), kept: memory.marks)
        scale(memory.output, from: draw.count, block, memory)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        scale(memory.outputGradient, from: 0, block, memory)
    }

    /// Applies the mask from some place on.
    private func scale(
        _ values: MutableFloats, from start: Int, _ block: Block, _ memory: StageMemory
    ) {
        let period = drawnPixels * pixel
        for first in stride(from: start, to: values.count, by: period) {
            block.kernels.dropoutBackward(
                rate: rate, kept: Bytes(memory.marks), values.slice(first..<first + period))
        }
    }
}
