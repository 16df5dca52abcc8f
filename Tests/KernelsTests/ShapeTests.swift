// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct ShapeTests {
    private static func geometry(seed: Int) -> UpsampleGeometry {
        var noise = Noise(seed: seed)
        return UpsampleGeometry(
            images: 8, inputHeight: noise.integer(1...5), inputWidth: noise.integer(1...5),
            channels: 16, factorY: noise.integer(1...4), factorX: noise.integer(1...4),
            isBilinear: seed % 2 == 1)
    }

    /// The output is a sum of up to four inputs, the gradient one of up to 64.
    @Test(arguments: Engine.available, 0..<24)
    func upsamplingIsASumOverNearPixels(_ kernels: KernelSet, seed: Int) {
        let g = Self.geometry(seed: seed)
        var noise = Noise(seed: seed + 100)
        let input = noise.buffer(g.inputCount), gradient = noise.buffer(g.outputCount)
        let output = noise.buffer(g.outputCount), result = noise.buffer(g.inputCount)
        let sum = result.copy(), back = g.gathered(gradient.doubles)
        let before = sum.doubles
        kernels.upsampleForward(g, input.floats, into: output.elements)
        kernels.upsampleBackward(g, gradient.floats, adding: false, into: result.elements)
        kernels.upsampleBackward(g, gradient.floats, adding: true, into: sum.elements)
        #expect(distance(output.doubles, g.enlarged(input.doubles)) <= 8 * u)
        #expect(distance(result.doubles, back) <= 24 * u)
        #expect(distance(sum.doubles, zip(before, back).map { $0 + $1 }) <= 24 * u)
    }

    @Test(arguments: 0..<24)
    func bitsAreThoseOfEveryInstructionSet(seed: Int) {
        let g = Self.geometry(seed: seed)
        let results = Engine.available.map { kernels in
            var noise = Noise(seed: seed)
            let input = noise.buffer(g.inputCount), gradient = noise.buffer(g.outputCount)
            let output = AlignedBuffer<Float>(count: g.outputCount)
            let result = AlignedBuffer<Float>(count: g.inputCount)
            kernels.upsampleForward(g, input.floats, into: output.elements)
            kernels.upsampleBackward(g, gradient.floats, adding: false, into: result.elements)
            return output.bits + result.bits
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test(
        arguments: Engine.available,
        [(6, 4), (1, 24), (24, 1), (17, 34), (48, 16), (3, 32), (35, 21)])
    func repackingKeepsTheOrderOfNumbers(_ kernels: KernelSet, channels: (Int, Int)) {
        let images = 3, total = channels.0 * channels.1 * 2
        func rows(_ channels: Int) -> PixelRows {
            PixelRows(
                pixels: total / channels, channels: channels, stored: (channels + 15) / 16 * 16)
        }
        let (from, to) = (rows(channels.0), rows(channels.1))
        var noise = Noise(seed: channels.0)
        let values = noise.buffer(from.count(images)), result = noise.buffer(to.count(images))
        let sum = result.copy(), before = sum.values
        kernels.repack(
            from, as: to, images: images, values.floats, adding: false, into: result.elements)
        kernels.repack(
            from, as: to, images: images, values.floats, adding: true, into: sum.elements)
        func place(_ rows: PixelRows, _ image: Int, _ e: Int) -> Int {
            (e / rows.channels * images + image) * rows.stored + e % rows.channels
        }
        var expected = [Float](repeating: 0, count: result.count), sums = before
        for image in 0..<images {
            for e in 0..<total {
                expected[place(to, image, e)] = values.base[place(from, image, e)]
                sums[place(to, image, e)] += values.base[place(from, image, e)]
            }
        }
        #expect(result.values == expected)
        #expect(sum.values == sums)
    }
}
