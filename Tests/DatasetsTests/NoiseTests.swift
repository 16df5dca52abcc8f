// SPDX-License-Identifier: Apache-2.0

import Datasets
import Engines
import Testing

@Suite struct NoiseTests {
    /// What noise makes of a grey image.
    private func noisy(
        _ level: UInt8, count: Int = 100_003, deviation: Double, position: Int = 0
    ) -> [UInt8] {
        var pixels = [UInt8](repeating: level, count: count)
        let chance = Chance(seed: 5, epoch: 3, position: position)
        pixels.withUnsafeMutableBufferPointer {
            NoiseTable(deviation: deviation).add(to: $0, chance, Engine.best())
        }
        return pixels
    }

    @Test func noiseIsGaussian() {
        let deviations = noisy(128, deviation: 20).map { (Double($0) - 128) / 20 }
        func share(_ body: (Double) -> Bool) -> Double {
            Double(deviations.count(where: body)) / Double(deviations.count)
        }
        let mean = deviations.reduce(0, +) / Double(deviations.count)
        let variance = deviations.reduce(0) { $0 + $1 * $1 } / Double(deviations.count)
        // Five standard deviations each, of 100,000 numbers; the rounding to levels adds 1 / (12 * 400)
        // to the variance, and a table that ends at 3.7 takes less than 0.002 from it.
        #expect(abs(mean) < 0.016)
        #expect(abs(variance - 1) < 0.023)
        // Levels end at halves, 0.975, 1.975 and 2.975 standard deviations from the middle.
        #expect(abs(share { abs($0) < 0.974 } - 0.6704) < 0.0075)
        #expect(abs(share { abs($0) > 1.976 } - 0.0483) < 0.0034)
        #expect(abs(share { abs($0) > 2.976 } - 0.0029) < 0.0009)
    }

    @Test func noisyLevelsStayLevels() {
        #expect(noisy(2, deviation: 60).contains(0))
        #expect(noisy(253, deviation: 60).contains(255))
    }

    @Test func noiseIsAnImagesOwn() {
        let first = noisy(128, count: 1000, deviation: 5)
        #expect(noisy(128, count: 1000, deviation: 5) == first)
        #expect(noisy(128, count: 1000, deviation: 5, position: 1) != first)
        #expect(Array(noisy(128, count: 997, deviation: 5)) == Array(first[..<997]))
    }

    /// Bits that are the same everywhere.
    @Test func noiseHasItsBits() {
        #expect(
            noisy(128, count: 12, deviation: 30)
                == [119, 127, 151, 136, 180, 119, 78, 141, 109, 182, 133, 99])
    }
}
