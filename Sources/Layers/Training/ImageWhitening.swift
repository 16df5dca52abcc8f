// SPDX-License-Identifier: Apache-2.0
//
// The last that becomes of images before the first layer: all their numbers times one matrix.

import Tensors

/// How the images of a block are whitened: by the convolution of one pixel that has all their numbers as
/// its channels.
struct ImageWhitening {
    let geometry: ConvGeometry
    /// Numbers of an image, height, width, channel.
    let count: Int

    init(images: Int, input: Shape) {
        count = input.count
        let stored = Lowering.padded(input.count)
        var geometry = ConvGeometry(
            images: images, inputHeight: 1, inputWidth: 1, inputChannels: stored,
            outputChannels: stored, kernelHeight: 1, kernelWidth: 1, convHeight: 1, convWidth: 1,
            algorithm: .direct, needsInputGradient: false)
        geometry.keepsInput = false
        self.geometry = geometry
    }

    /// Puts a matrix `[count][count]`, of a number of the image and one of the result, where the
    /// convolution reads it.
    func place(_ matrix: Floats, into weights: MutableFloats) {
        let stored = geometry.inputChannels
        weights.update(repeating: 0)
        for input in 0..<count {
            for output in 0..<count {
                // weights[output / 16][input][output % 16]
                weights[(output / 16 * stored + input) * 16 + output % 16] =
                    matrix[input * count + output]
            }
        }
    }
}

/// The memory of a replica's whitening.
final class WhiteningMemory {
    private let whitening: ImageWhitening
    private let flat: AlignedBuffer<Float>, white: AlignedBuffer<Float>
    private let bias: AlignedBuffer<Float>, kept: AlignedBuffer<Float>
    private let scratch: AlignedBuffer<Float>

    init(_ whitening: ImageWhitening) {
        let geometry = whitening.geometry
        self.whitening = whitening
        flat = AlignedBuffer(count: geometry.inputCount)
        white = AlignedBuffer(count: geometry.outputCount)
        bias = AlignedBuffer(count: geometry.outputChannels)
        kept = AlignedBuffer(count: geometry.keptCount)
        scratch = AlignedBuffer(count: geometry.scratchCount)
    }

    /// Whitens the images of a block and writes them as the first layer reads them.
    ///
    /// - Parameters:
    ///   - pixels: `[live image][H][W][C]`, uint8.
    ///   - tables: What each value becomes first; see `PixelTables`.
    ///   - weights: As `ImageWhitening.place` put them.
    ///   - scale: Of a `Rescaling` that follows, as its offset is.
    ///   - values: Overwritten, `[H][W][image][stored channel]`.
    func run(
        _ block: PixelBlock, _ pixels: Bytes, tables: Floats, weights: Floats, kernels: KernelSet,
        scale: Float, offset: Float, into values: MutableFloats
    ) {
        let (count, stored) = (whitening.count, whitening.geometry.inputChannels)
        flat.elements.update(repeating: 0)
        for image in 0..<block.liveImages {
            let table = block.hasImageTables ? image * block.tableStride : 0
            for number in 0..<count {
                let channel = block.hasChannelTables ? number % block.channels * 256 : 0
                // flat[image, number]
                flat.base[image * stored + number] =
                    tables[table + channel + Int(pixels[image * count + number])]
            }
        }
        kernels.convForward(
            whitening.geometry,
            ConvOperands(
                input: Floats(flat.elements), weights: weights,
                prepared: Floats(start: nil, count: 0), bias: Floats(bias.elements),
                kept: kept.elements, scratch: scratch.elements),
            into: white.elements, argmax: MutableBytes(start: nil, count: 0))
        values.update(repeating: 0)
        let (channels, width) = (block.channels, block.storedChannels)
        for image in 0..<block.liveImages {
            for number in 0..<count {
                let pixel = number / channels * block.images + image
                // values[pixel, image, channel]
                values[pixel * width + number % channels] =
                    offset.addingProduct(scale, white.base[image * stored + number])
            }
        }
    }
}
