// SPDX-License-Identifier: Apache-2.0
//
// A blur along both axes, in whole numbers.

import Tensors

enum Blur {
    private typealias Wide = SIMD16<UInt32>
    private typealias Halves = UnsafePointer<UInt16>

    /// pixels[y, i] = sum over k, l of pixels[y + k, i + l channels] weights[|k|] weights[|l|]
    ///
    /// What lies between the two passes has 16 bits and is cut off; the result is rounded.
    ///
    /// - Parameters:
    ///   - weights: Whole 65536ths, of distances 0 to `radius`.
    ///   - line: `2 radius channels + length + 16` halves.
    ///   - mixed: `height length + 16` halves.
    @inline(never)
    static func run(
        _ pixels: UnsafeMutablePointer<UInt8>, height: Int, width: Int, channels: Int,
        _ weights: UnsafePointer<UInt32>, radius: Int, line: UnsafeMutablePointer<UInt16>,
        mixed: UnsafeMutablePointer<UInt16>
    ) {
        let length = width * channels, border = radius * channels
        for y in 0..<height {
            // The row, and as much of its ends on both sides as a pixel takes part of.
            let row = pixels + y * length, middle = line + border
            for i in 0..<border {
                line[i] = UInt16(row[i % channels])
                middle[length + i] = UInt16(row[length - channels + i % channels])
            }
            for i in 0..<length { middle[i] = UInt16(row[i]) }
            for i in stride(from: 0, to: length, by: 16) {
                let sum = weighed(
                    weights, radius, half: 128,
                    { sixteen(middle + i - $0 * channels) &+ sixteen(middle + i + $0 * channels) })
                var halves = SIMD16<UInt16>()
                for lane in 0..<16 { halves[lane] = UInt16(truncatingIfNeeded: sum[lane] &>> 8) }
                UnsafeMutableRawPointer(mixed + y * length + i)
                    .storeBytes(of: halves, as: SIMD16<UInt16>.self)
            }
        }
        for y in 0..<height {
            let row = pixels + y * length
            for i in stride(from: 0, to: length, by: 16) {
                let column = mixed + i
                let sum = weighed(
                    weights, radius, half: 1 << 23,
                    {
                        sixteen(column + max(y - $0, 0) * length)
                            &+ sixteen(column + min(y + $0, height - 1) * length)
                    })
                let levels = sum &>> Wide(repeating: 24)
                if i + 16 <= length {
                    store(unsafeBitCast(levels, to: Integers.self), to: row + i)
                } else {
                    for lane in 0..<length - i {
                        row[i + lane] = UInt8(truncatingIfNeeded: levels[lane])
                    }
                }
            }
        }
    }

    /// half + sum over k of weights[k] pair(k), where pair(0) is twice the middle, and its weight even.
    @inline(always)
    private static func weighed(
        _ weights: UnsafePointer<UInt32>, _ radius: Int, half: UInt32, _ pair: (Int) -> Wide
    ) -> Wide {
        var sum = Wide(repeating: half) &+ pair(0) &* Wide(repeating: weights[0] / 2)
        for k in stride(from: 1, through: radius, by: 1) {
            sum &+= pair(k) &* Wide(repeating: weights[k])
        }
        return sum
    }

    @inline(always)
    private static func sixteen(_ halves: Halves) -> Wide {
        let narrow = UnsafeRawPointer(halves).loadUnaligned(as: SIMD16<UInt16>.self)
        var wide = Wide()
        for lane in 0..<16 { wide[lane] = UInt32(narrow[lane]) }
        return wide
    }
}
