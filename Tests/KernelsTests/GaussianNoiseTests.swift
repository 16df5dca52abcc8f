// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct GaussianNoiseTests {
    private static func added(
        _ kernels: KernelSet, pixels: Int, stored: Int, live: Int, deviation: Float,
        to before: [Float]? = nil
    ) -> (values: [Float], streams: [Philox]) {
        let streams = (0..<5).map {
            Philox(seed: 9, purpose: .gaussianNoise, 3, UInt32($0 * 7))
        }
        return streams.withUnsafeBufferPointer { pointer in
            let draw = NoiseDraw(
                pixels: pixels, images: 8, storedChannels: stored, liveChannels: live,
                deviation: deviation, streams: pointer)
            let x = AlignedBuffer(before ?? [Float](repeating: 0, count: draw.count))
            kernels.addNoise(draw, to: x.elements)
            return (x.values, streams)
        }
    }

    /// Word e % 4 of block e / 4 of an image's stream makes the noise of its element e, in the order of NHWC.
    @Test(arguments: Engine.available, [(16, 16), (48, 48), (16, 10), (32, 17), (16, 1)])
    func followsTheDraw(_ kernels: KernelSet, channels: (stored: Int, live: Int)) {
        let (values, streams) = Self.added(
            kernels, pixels: 7, stored: channels.stored, live: channels.live, deviation: 0.5)
        for (i, value) in values.enumerated() {
            let channel = i % channels.stored, image = i / channels.stored % 8
            var expected = 0.0
            if channel < channels.live, image < streams.count {
                let e = i / channels.stored / 8 * channels.live + channel
                expected = 0.5 * streams[image].words(UInt64(e / 4))[e % 4].normal
            }
            #expect(abs(Double(value) - expected) <= 16 * u * abs(expected), "element \(i)")
        }
    }

    @Test(arguments: Engine.available)
    func isAdded(_ kernels: KernelSet) {
        var noise = Noise(seed: 2)
        let before = noise.buffer(3 * 8 * 16).values
        let alone = Self.added(kernels, pixels: 3, stored: 16, live: 13, deviation: 2).values
        let sum = Self.added(
            kernels, pixels: 3, stored: 16, live: 13, deviation: 2, to: before
        ).values
        #expect(sum == zip(before, alone).map { $0 + $1 })
    }

    /// Of 320,000 numbers: each moment within five deviations of its mean.
    @Test func momentsAreThoseOfANormalDistribution() {
        let values = Self.added(
            Engine.best(), pixels: 4000, stored: 16, live: 16, deviation: 1
        ).values.filter { $0 != 0 }.map(Double.init)
        let count = Double(values.count)
        #expect(count == 5 * 4000 * 16)
        func moment(_ power: Int) -> Double {
            values.reduce(0) { sum, z in sum + (0..<power).reduce(1) { p, _ in p * z } } / count
        }
        let error = 5 / count.squareRoot()
        #expect(abs(moment(1)) < error)
        #expect(abs(moment(2) - 1) < error * 2.0.squareRoot())
        #expect(abs(moment(3)) < error * 15.0.squareRoot())
        #expect(abs(moment(4) - 3) < error * 96.0.squareRoot())
        #expect(values.max()! > 4 && values.min()! < -4)
    }

    @Test func bitsAreThoseOfEveryInstructionSet() {
        let results = Engine.available.map {
            Self.added($0, pixels: 300, stored: 32, live: 27, deviation: 0.1)
                .values.map(\.bitPattern)
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
