// SPDX-License-Identifier: Apache-2.0
//
// Weighted sums of columns of pixels: whole numbers, exact in double precision.

import Tensors

extension Resize {
    private typealias Four = SIMD4<Double>

    /// line[x, c] = sum over k of mixed[place + k, c] weight[x, k] / 2^shift, rounded half up
    ///
    /// Sums start from a half: what lies in the middle between two numbers is nearer to the upper one by then,
    /// and everything else stays on its side.
    @inline(never)
    static func sumColumns(
        _ mixed: UnsafePointer<Int32>, _ places: UnsafePointer<Int32>,
        _ weights: UnsafePointer<Double>, taps: Int, shift: Int, channels: Int,
        into line: UnsafeMutablePointer<Int32>, count: Int
    ) {
        let unit = Double(bitPattern: UInt64(truncatingIfNeeded: 1023 &- shift) &<< 52)
        var x =
            switch channels {
            case 1: single(mixed, places, weights, taps, unit, line, count)
            case 3: pixels(mixed, places, weights, taps, unit, of: Line<3>.self, line, count)
            default: pixels(mixed, places, weights, taps, unit, of: Line<4>.self, line, count)
            }
        while x < count {
            let weight = weights + x &* taps
            for c in 0..<channels {
                var sum = 0.5
                for k in 0..<taps {
                    sum += Double(mixed[Int(places[x]) &+ k &* channels &+ c]) * weight[k]
                }
                line[x &* channels &+ c] = whole(Four(repeating: sum * unit))[0]
            }
            x &+= 1
        }
    }

    /// Four pixels at a time, as long as a number behind them may be written. A vector is a pixel, of which
    /// the fourth lane may not count.
    ///
    /// - Returns: The first pixel that is left.
    @inline(always)
    private static func pixels<let C: Int>(
        _ mixed: UnsafePointer<Int32>, _ places: UnsafePointer<Int32>,
        _ weights: UnsafePointer<Double>, _ taps: Int, _ unit: Double, of: Line<C>.Type,
        _ line: UnsafeMutablePointer<Int32>, _ count: Int
    ) -> Int {
        var x = 0
        while (x &+ 3) &* C &+ 4 <= count &* C {
            let weight = weights + x &* taps
            var sums = InlineArray<4, Four>(repeating: Four(repeating: 0.5))
            let columns = InlineArray<4, UnsafePointer<Int32>> { mixed + Int(places[x &+ $0]) }
            for k in 0..<taps {
                for p in 0..<4 {
                    sums[p] = plus(
                        sums[p], doubles(columns[p] + k &* C),
                        Four(repeating: weight[p &* taps &+ k]))
                }
            }
            for p in 0..<4 {
                // For three channels the last number is the next pixel's, and written again.
                UnsafeMutableRawPointer(line + (x &+ p) &* C)
                    .storeBytes(of: whole(sums[p] * Four(repeating: unit)), as: SIMD4<Int32>.self)
            }
            x &+= 4
        }
        return x
    }

    /// Four pixels of one channel at a time. A vector is four weights.
    ///
    /// - Returns: The first pixel that is left.
    @inline(always)
    private static func single(
        _ mixed: UnsafePointer<Int32>, _ places: UnsafePointer<Int32>,
        _ weights: UnsafePointer<Double>, _ taps: Int, _ unit: Double,
        _ line: UnsafeMutablePointer<Int32>, _ count: Int
    ) -> Int {
        var x = 0
        while x &+ 4 <= count {
            let weight = weights + x &* taps
            var sums = InlineArray<4, Four>(repeating: Four())
            let columns = InlineArray<4, UnsafePointer<Int32>> { mixed + Int(places[x &+ $0]) }
            var k = 0
            while k < taps {
                for p in 0..<4 {
                    let four = UnsafeRawPointer(weight + p &* taps + k)
                        .loadUnaligned(as: Four.self)
                    sums[p] = plus(sums[p], doubles(columns[p] + k), four)
                }
                k &+= 4
            }
            var totals = Four(repeating: 0.5)
            for p in 0..<4 {
                let two = sums[p].lowHalf + sums[p].highHalf
                totals[p] += two[0] + two[1]
            }
            UnsafeMutableRawPointer(line + x)
                .storeBytes(of: whole(totals * Four(repeating: unit)), as: SIMD4<Int32>.self)
            x &+= 4
        }
        return x
    }

    /// levels[i] = line[i] / 2^shift, rounded down, 0 to 255
    @inline(never)
    static func clampLevels(
        _ line: UnsafePointer<Int32>, shift: Int32, into levels: UnsafeMutablePointer<UInt8>,
        count: Int
    ) {
        let shifts = Integers(repeating: shift)
        let none = Integers(), most = Integers(repeating: 255)
        var i = 0
        while i &+ 16 <= count {
            let values = UnsafeRawPointer(line + i).loadUnaligned(as: Integers.self) &>> shifts
            let raised = values.replacing(with: none, where: values .< none)
            store(raised.replacing(with: most, where: raised .> most), to: levels + i)
            i &+= 16
        }
        while i < count {
            levels[i] = UInt8(clamping: line[i] &>> shift)
            i &+= 1
        }
    }

    /// sum + a b. Nothing is rounded, so that it does not matter whether it is fused.
    @inline(always)
    private static func plus(_ sum: Four, _ a: Four, _ b: Four) -> Four {
        #if FUSED || arch(arm64)
            sum.addingProduct(a, b)
        #else
            sum + a * b
        #endif
    }

    @inline(always)
    private static func doubles(_ integers: UnsafePointer<Int32>) -> Four {
        let narrow = UnsafeRawPointer(integers).loadUnaligned(as: SIMD4<Int32>.self)
        var wide = Four()
        for i in 0..<4 { wide[i] = Double(narrow[i]) }
        return wide
    }

    /// The nearest whole number to each: the lowest bits of what is so large that there are no others.
    @inline(always)
    private static func whole(_ values: Four) -> SIMD4<Int32> {
        let bits = unsafeBitCast(values + Four(repeating: 0x1.8p52), to: SIMD8<Int32>.self)
        return SIMD4(bits[0], bits[2], bits[4], bits[6])
    }
}
