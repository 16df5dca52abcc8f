// SPDX-License-Identifier: Apache-2.0
//
// Images turned over, in place.

import Tensors

enum Mirror {
    private typealias Lanes = SIMD16<UInt8>

    /// row[x, c] <-> row[width - 1 - x, c]
    @inline(never)
    static func reverse(_ row: UnsafeMutablePointer<UInt8>, width: Int, channels: Int) {
        switch channels {
        case 1: reverse(row, width, channels: Line<1>.self)
        case 2: reverse(row, width, channels: Line<2>.self)
        case 3: reverse(row, width, channels: Line<3>.self)
        default: reverse(row, width, channels: Line<4>.self)
        }
    }

    @inline(always)
    private static func reverse<let C: Int>(
        _ row: UnsafeMutablePointer<UInt8>, _ width: Int, channels: Line<C>.Type
    ) {
        var left = row, right = row + width * C
        // The whole pixels of sixteen bytes of each end. A byte more stays as it is.
        let pixels = 16 / C
        while right - left >= 32 {
            let first = lanes(left), last = lanes(right - 16)
            var (newFirst, newLast) = (first, last)
            for p in 0..<pixels {
                for c in 0..<C {
                    newFirst[p * C + c] = last[16 - (p + 1) * C + c]
                    newLast[16 - (p + 1) * C + c] = first[p * C + c]
                }
            }
            store(newFirst, left)
            store(newLast, right - 16)
            left += pixels * C
            right -= pixels * C
        }
        while right - left >= 2 * C {
            right -= C
            for c in 0..<C { (left[c], right[c]) = (right[c], left[c]) }
            left += C
        }
    }

    /// first[i] <-> second[i]
    @inline(never)
    static func exchange(
        _ first: UnsafeMutablePointer<UInt8>, _ second: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        var i = 0
        while i + 16 <= count {
            let (above, below) = (lanes(first + i), lanes(second + i))
            store(below, first + i)
            store(above, second + i)
            i += 16
        }
        while i < count {
            (first[i], second[i]) = (second[i], first[i])
            i += 1
        }
    }

    @inline(always)
    private static func lanes(_ bytes: UnsafeMutablePointer<UInt8>) -> Lanes {
        UnsafeRawPointer(bytes).loadUnaligned(as: Lanes.self)
    }

    @inline(always)
    private static func store(_ lanes: Lanes, _ bytes: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(bytes).storeBytes(of: lanes, as: Lanes.self)
    }
}
