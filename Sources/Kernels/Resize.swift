// SPDX-License-Identifier: Apache-2.0
//
// Rows and columns of pixels, weighted, in whole numbers.

import Tensors

enum Resize {
    private typealias Wide = SIMD16<UInt32>

    /// mixed[i] = above[i] (4096 - weight) + below[i] weight
    @inline(never)
    static func mixRows(
        _ above: UnsafePointer<UInt8>, _ below: UnsafePointer<UInt8>, _ weight: UInt32,
        into mixed: UnsafeMutablePointer<UInt32>, count: Int
    ) {
        // Known to be of 13 bits, products take one instruction.
        let far = weight & 0x1FFF, near = (4096 &- weight) & 0x1FFF
        let farVector = Wide(repeating: far), nearVector = Wide(repeating: near)
        var i = 0
        while i &+ 16 <= count {
            let sum = words(above + i) &* nearVector &+ words(below + i) &* farVector
            UnsafeMutableRawPointer(mixed + i).storeBytes(of: sum, as: Wide.self)
            i &+= 16
        }
        while i < count {
            mixed[i] = UInt32(above[i]) &* near &+ UInt32(below[i]) &* far
            i &+= 1
        }
    }

    /// row[x, c] = (mixed[before, c] (4096 - weight) + mixed[after, c] weight) / 2^24, rounded
    @inline(never)
    static func mixColumns(
        _ mixed: UnsafePointer<UInt32>, _ places: UnsafePointer<(before: Int32, after: Int32)>,
        _ weights: UnsafePointer<UInt32>, channels: Int, into row: UnsafeMutablePointer<UInt8>,
        count: Int
    ) {
        var x = 0
        switch channels {
        case 3: x = quads(mixed, places, weights, channels: Line<3>.self, row, count)
        case 4: x = quads(mixed, places, weights, channels: Line<4>.self, row, count)
        default: break
        }
        while x < count {
            let before = mixed + Int(places[x].before), after = mixed + Int(places[x].after)
            let weight = weights[4 &* x]
            for c in 0..<channels {
                let sum = before[c] &* (4096 &- weight) &+ after[c] &* weight &+ 1 << 23
                row[x &* channels &+ c] = UInt8(truncatingIfNeeded: sum &>> 24)
            }
            x &+= 1
        }
    }

    /// Four pixels at a time, as long as sixteen bytes may be written.
    ///
    /// - Returns: The first pixel that is left.
    @inline(always)
    private static func quads<let C: Int>(
        _ mixed: UnsafePointer<UInt32>, _ places: UnsafePointer<(before: Int32, after: Int32)>,
        _ weights: UnsafePointer<UInt32>, channels: Line<C>.Type,
        _ row: UnsafeMutablePointer<UInt8>, _ count: Int
    ) -> Int {
        let one = Wide(repeating: 4096), half = Wide(repeating: 1 << 23)
        let shift = Wide(repeating: 24)
        var x = 0
        while x &* C &+ 16 <= count &* C {
            var before = Wide(), after = Wide()
            for p in 0..<4 {
                let first = quad(mixed + Int(places[x &+ p].before))
                let second = quad(mixed + Int(places[x &+ p].after))
                for c in 0..<4 { (before[4 &* p &+ c], after[4 &* p &+ c]) = (first[c], second[c]) }
            }
            let weight = UnsafeRawPointer(weights + 4 &* x).loadUnaligned(as: Wide.self)
            let sum = (before &* (one &- weight) &+ after &* weight &+ half) &>> shift
            // For three channels the last four bytes are the next pixels', and written again.
            var bytes = SIMD16<UInt8>()
            for p in 0..<4 {
                for c in 0..<C { bytes[C &* p &+ c] = UInt8(truncatingIfNeeded: sum[4 &* p &+ c]) }
            }
            UnsafeMutableRawPointer(row + x &* C).storeBytes(of: bytes, as: SIMD16<UInt8>.self)
            x &+= 4
        }
        return x
    }

    /// sums[i] += row[i] weight
    @inline(never)
    static func addRow(
        _ row: UnsafePointer<UInt8>, _ weight: Int32, to sums: UnsafeMutablePointer<Int32>,
        count: Int
    ) {
        let weights = Integers(repeating: weight)
        var i = 0
        while i &+ 16 <= count {
            let before = UnsafeRawPointer(sums + i).loadUnaligned(as: Integers.self)
            let sum = before &+ integers(row + i) &* weights
            UnsafeMutableRawPointer(sums + i).storeBytes(of: sum, as: Integers.self)
            i &+= 16
        }
        while i < count {
            sums[i] &+= Int32(row[i]) &* weight
            i &+= 1
        }
    }

    @inline(always)
    private static func quad(_ words: UnsafePointer<UInt32>) -> SIMD4<UInt32> {
        UnsafeRawPointer(words).loadUnaligned(as: SIMD4<UInt32>.self)
    }

    /// 16 bytes.
    @inline(always)
    private static func words(_ bytes: UnsafePointer<UInt8>) -> Wide {
        let narrow = UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
        var wide = Wide()
        for i in 0..<16 { wide[i] = UInt32(narrow[i]) }
        return wide
    }
}
