// SPDX-License-Identifier: Apache-2.0
//
// Pixels from anywhere in an image, bilinearly, in whole numbers.

import Tensors

enum Affine {
    private typealias Wide = SIMD16<UInt32>

    /// row[x, c] = image[place(x), c]
    ///
    /// - Parameters:
    ///   - image: Four bytes more than its last pixel are read.
    ///   - length: Bytes of a row of the image.
    @inline(never)
    static func sample(
        _ image: UnsafePointer<UInt8>, length: Int, channels: Int, _ run: PlaceRun,
        into row: UnsafeMutablePointer<UInt8>
    ) {
        switch channels {
        case 1: sample(image, length, channels: Line<1>.self, run, row)
        case 2: sample(image, length, channels: Line<2>.self, run, row)
        case 3: sample(image, length, channels: Line<3>.self, run, row)
        default: sample(image, length, channels: Line<4>.self, run, row)
        }
    }

    @inline(always)
    private static func sample<let C: Int>(
        _ image: UnsafePointer<UInt8>, _ length: Int, channels: Line<C>.Type, _ run: PlaceRun,
        _ row: UnsafeMutablePointer<UInt8>
    ) {
        let fraction = Integers(repeating: run.snaps ? 0 : 4095), shift = Integers(repeating: 12)
        let below = Integers(repeating: Int32(truncatingIfNeeded: length))
        let right = Integers(repeating: Int32(truncatingIfNeeded: C))
        var x = Walk(run.x, step: run.stepX), y = Walk(run.y, step: run.stepY)
        for first in stride(from: 0, to: run.count, by: 16) {
            let (columns, rows) = (x.next(), y.next())
            let places = (rows &>> shift) &* below &+ (columns &>> shift) &* right
            let live = run.count - first
            // What is not wanted is taken from the first pixel.
            let offsets = Integers().replacing(
                with: places,
                where: laneNumbers .< Integers(repeating: Int32(truncatingIfNeeded: live)))
            let mixed = mix(
                pixels(image, offsets), pixels(image + C, offsets), pixels(image + length, offsets),
                pixels(image + length + C, offsets), columns & fraction, rows & fraction,
                channels: channels)
            storePixels(mixed, channels: channels, to: row + first * C, count: live)
        }
    }

    /// The four bytes at each of sixteen offsets.
    @inline(always)
    private static func pixels(_ image: UnsafePointer<UInt8>, _ offsets: Integers) -> Wide {
        var words = Wide()
        for i in 0..<16 {
            words[i] = UnsafeRawPointer(image + Int(offsets[i])).loadUnaligned(as: UInt32.self)
        }
        return words
    }

    /// Each channel of (a left + b right) up + (c left + d right) down, in 2^-24ths, rounded.
    @inline(always)
    private static func mix<let C: Int>(
        _ a: Wide, _ b: Wide, _ c: Wide, _ d: Wide, _ rights: Integers, _ downs: Integers,
        channels: Line<C>.Type
    ) -> Wide {
        let one = Wide(repeating: 4096), half = Wide(repeating: 1 << 23)
        let right = unsafeBitCast(rights, to: Wide.self), left = one &- right
        let down = unsafeBitCast(downs, to: Wide.self), up = one &- down
        var mixed = Wide()
        for channel in 0..<C {
            let shift = Wide(repeating: UInt32(truncatingIfNeeded: 8 * channel))
            let above = level(a, shift) &* left &+ level(b, shift) &* right
            let below = level(c, shift) &* left &+ level(d, shift) &* right
            let sum = above &* up &+ below &* down &+ half
            mixed |= (sum &>> Wide(repeating: 24)) &<< shift
        }
        return mixed
    }

    @inline(always)
    private static func level(_ pixels: Wide, _ shift: Wide) -> Wide {
        pixels &>> shift & Wide(repeating: 255)
    }
}

/// Sixteen places at a time along one axis, in 4096ths of a pixel, exactly: the lanes' multiples of the
/// step are sums of whole 4096ths and of what is smaller, which has 20 bits.
private struct Walk {
    private var place: Int64
    private let stride: Int64
    private let whole: Integers
    private let rest: Integers

    @inline(always)
    init(_ place: Int64, step: Int64) {
        self.place = place
        stride = step &* 16
        whole = laneNumbers &* Integers(repeating: Int32(truncatingIfNeeded: step &>> 20))
        rest = laneNumbers &* Integers(repeating: Int32(truncatingIfNeeded: step & 0xF_FFFF))
    }

    @inline(always)
    mutating func next() -> Integers {
        let low = Integers(repeating: Int32(truncatingIfNeeded: place & 0xF_FFFF))
        let high = Integers(repeating: Int32(truncatingIfNeeded: place &>> 20))
        place &+= stride
        return high &+ whole &+ (low &+ rest) &>> Integers(repeating: 20)
    }
}
