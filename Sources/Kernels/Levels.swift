// SPDX-License-Identifier: Apache-2.0
//
// What is done to each byte of an image by itself.

import Tensors

enum Levels {
    /// pixels[i, c] = tables[c, pixels[i, c]]
    @inline(never)
    static func map(
        _ pixels: UnsafeMutablePointer<UInt8>, count: Int, channels: Int,
        _ tables: UnsafePointer<UInt8>
    ) {
        switch channels {
        case 1: look(pixels, count, channels: Line<1>.self, tables)
        case 2: look(pixels, count, channels: Line<2>.self, tables)
        case 3: look(pixels, count, channels: Line<3>.self, tables)
        default: look(pixels, count, channels: Line<4>.self, tables)
        }
    }

    @inline(always)
    private static func look<let C: Int>(
        _ pixels: UnsafeMutablePointer<UInt8>, _ count: Int, channels: Line<C>.Type,
        _ tables: UnsafePointer<UInt8>
    ) {
        var i = 0
        while i < count {
            for c in 0..<C { pixels[i + c] = tables[c * 256 + Int(pixels[i + c])] }
            i += C
        }
    }

    /// sums[c] += sum over i of pixels[i, c]
    @inline(never)
    static func sum(
        _ pixels: UnsafePointer<UInt8>, count: Int, channels: Int,
        into sums: inout SIMD4<Int64>
    ) {
        var i = 0
        // Sixteen pixels are as many vectors as there are channels. A lane holds 2^20 bytes' sum.
        while i + 16 * channels <= count {
            let end = min(i + (16 * channels) << 20, count)
            let start = i
            for v in 0..<channels {
                var total = Integers()
                i = start
                while i + 16 * channels <= end {
                    total &+= integers(pixels + i + 16 * v)
                    i += 16 * channels
                }
                for lane in 0..<16 { sums[(16 * v + lane) % channels] += Int64(total[lane]) }
            }
        }
        while i < count {
            sums[i % channels] += Int64(pixels[i])
            i += 1
        }
    }

    /// pixels[i] += table[half word i of the stream's words, its lower 12 bits], within 0 to 255
    @inline(never)
    static func addNoise(
        _ pixels: UnsafeMutablePointer<UInt8>, count: Int, _ noise: Philox, from block: UInt64,
        _ table: UnsafePointer<Int16>
    ) {
        var words = InlineArray<64, UInt32>(repeating: 0)
        withUnsafeMutablePointer(to: &words) {
            let words = UnsafeMutableRawPointer($0)
            for first in stride(from: 0, to: count, by: 128) {
                noise.draw(
                    from: block &+ UInt64(first / 8),
                    into: words.assumingMemoryBound(to: UInt32.self))
                let end = count - first < 128 ? count - first : 128
                for i in 0..<end {
                    // The lower half of a word comes first.
                    let half = words.load(fromByteOffset: 2 * i, as: UInt16.self)
                    let level = Int32(pixels[first + i]) + Int32(table[Int(half & 4095)])
                    pixels[first + i] = level < 0 ? 0 : level > 255 ? 255 : UInt8(level)
                }
            }
        }
    }

    /// own[i] = own[i] share + other[i] (1 - share), in 65536ths, rounded
    @inline(never)
    static func blend(
        _ own: UnsafeMutablePointer<UInt8>, _ other: UnsafePointer<UInt8>, count: Int,
        share: Int32
    ) {
        let mine = Integers(repeating: share), rest = Integers(repeating: 65536 - share)
        let half = Integers(repeating: 32768), shift = Integers(repeating: 16)
        var i = 0
        while i + 16 <= count {
            let sum = integers(own + i) &* mine &+ integers(other + i) &* rest &+ half
            store(sum &>> shift, to: own + i)
            i += 16
        }
        while i < count {
            let sum = Int32(own[i]) * share + Int32(other[i]) * (65536 - share) + 32768
            own[i] = UInt8(truncatingIfNeeded: sum &>> 16)
            i += 1
        }
    }
}
