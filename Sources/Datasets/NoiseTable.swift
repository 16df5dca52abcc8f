// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Gaussian noise of one standard deviation, from a table of 4096 equally likely values.
///
/// Each is the middle of its 4096th of the distribution, so the largest lies 3.7 standard deviations
/// from the mean. Nothing of the C library takes part: the distribution is summed as a series.
package struct NoiseTable: Sendable {
    /// In grey levels.
    private let values: [Int16]

    /// - Parameter deviation: The standard deviation, in grey levels: at most 255.
    package init(deviation: Double) {
        var quantiles: [Double] = []
        // Upper half, from the middle out, in steps of 2^-12 until the part below is large enough.
        var place = 0.0
        for i in 0..<2048 {
            let target = (Double(i) + 0.5) / 4096
            while Self.partFromZero(to: place + 0x1p-12) < target { place += 0x1p-12 }
            quantiles.append(place)
        }
        // Rounded to 256ths of a level, then to levels, halves up.
        let upper = quantiles.map { Int32($0 * deviation * 256 + 0.5) }
        values = (upper.reversed().map { -$0 } + upper).map { Int16(($0 + 128) >> 8) }
    }

    /// Adds noise to all pixels, kept within 0 to 255.
    package func add(to pixels: MutableBytes, _ chance: Chance, _ kernels: KernelSet) {
        // The table, during the call; the pixels are the caller's.
        unsafe values.withUnsafeBufferPointer { values in
            unsafe kernels.addNoise(pixels, chance.random, from: Chance.noise, table: values)
        }
    }

    /// The part of the normal distribution between 0 and `x`, from 0 to 4.
    ///
    /// (x - x^3 / (2 1! 3) + x^5 / (4 2! 5) - ...) / sqrt(2 pi)
    private static func partFromZero(to x: Double) -> Double {
        var power = x, sum = x, k = 1.0
        while k < 60 {
            power *= -x * x / (2 * k)
            sum += power / (2 * k + 1)
            k += 1
        }
        return sum / (2 * Double.pi).squareRoot()
    }
}
