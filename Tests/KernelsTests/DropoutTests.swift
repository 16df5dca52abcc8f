// SPDX-License-Identifier: Apache-2.0

import Engines
import Tensors
import Testing

@Suite struct DropoutTests {
    /// Word e % 4 of block e / 4 of an image's stream decides on its element e, in the order of NHWC.
    @Test(arguments: Engine.available, [(16, 16), (48, 48), (16, 10), (32, 17), (16, 1)])
    func followsTheDraw(_ kernels: KernelSet, channels: (stored: Int, live: Int)) {
        let philox = (0..<5).map { Philox(seed: 9, purpose: .dropout, 3, UInt32($0 * 7)) }
        philox.withUnsafeBufferPointer { streams in
            let draw = DropoutDraw(
                pixels: 7, images: 8, storedChannels: channels.stored,
                liveChannels: channels.live, rate: 0.3, streams: streams)
            var noise = Noise(seed: 1)
            let x = noise.buffer(draw.count), before = x.values
            let gradient = noise.buffer(draw.count), upstream = gradient.values
            let kept = AlignedBuffer<UInt8>(count: draw.count)
            kernels.dropoutForward(draw, x.elements, kept: kept.elements)
            kernels.dropoutBackward(rate: 0.3, kept: Bytes(kept.elements), gradient.elements)
            let scale: Float = 1 / (1 - 0.3)
            for i in 0..<draw.count {
                let stays = draw.keeps(i)
                #expect(x.base[i] == (stays ? before[i] * scale : 0), "element \(i)")
                #expect(gradient.base[i] == (stays ? upstream[i] * scale : 0), "element \(i)")
            }
        }
    }

    @Test(arguments: Engine.available, [Float(0), 0x1p-24, 0.5, 0.999_999_94])
    func ratesAtTheEdge(_ kernels: KernelSet, rate: Float) {
        let philox = [Philox](repeating: Philox(seed: 1, purpose: .dropout), count: 8)
        philox.withUnsafeBufferPointer { streams in
            let draw = DropoutDraw(
                pixels: 100, images: 8, storedChannels: 16, liveChannels: 16, rate: rate,
                streams: streams)
            let x = AlignedBuffer([Float](repeating: 1, count: draw.count))
            let kept = AlignedBuffer<UInt8>(count: draw.count)
            kernels.dropoutForward(draw, x.elements, kept: kept.elements)
            #expect(x.values.indices.allSatisfy { (x.base[$0] != 0) == draw.keeps($0) })
        }
    }
}

extension DropoutDraw {
    /// The definition, element by element of the block.
    fileprivate func keeps(_ i: Int) -> Bool {
        let channel = i % storedChannels, image = i / storedChannels % images
        guard channel < liveChannels, image < streams.count else { return false }
        let e = i / storedChannels / images * liveChannels + channel
        return streams[image].words(UInt64(e / 4))[e % 4].unitFloat >= rate
    }
}
