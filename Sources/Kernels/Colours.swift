// SPDX-License-Identifier: Apache-2.0
//
// What is done to the three channels of a pixel together, sixteen pixels at a time.

import Tensors

enum Colours {
    /// The distance of a channel to the largest one grows by `factor`, at most until the smallest is 0.
    @inline(never)
    static func changeSaturation(
        _ pixels: UnsafeMutablePointer<UInt8>, count: Int, by factor: Float
    ) {
        let factor = Vector(factor)
        var i = 0
        while i < count {
            let (r, g, b) = channels(pixels, i, count)
            let largest = r.or(g).or(b), chroma = largest - r.and(g).and(b)
            let full = largest / chroma
            let growth = factor.replacing(with: full, where: full .< factor)
                .replacing(with: Vector(1), where: chroma .== Vector())
            store(
                largest - (largest - r) * growth, largest - (largest - g) * growth,
                largest - (largest - b) * growth, pixels, i, count)
            i += 16
        }
    }

    /// Red is at 0, green at 2, blue at 4 sextants of the circle.
    @inline(never)
    static func turnHue(
        _ pixels: UnsafeMutablePointer<UInt8>, count: Int, by sextants: Float
    ) {
        var i = 0
        while i < count {
            let (r, g, b) = channels(pixels, i, count)
            let largest = r.or(g).or(b), smallest = r.and(g).and(b), chroma = largest - smallest
            var (start, rest) = (Vector(4), r - g)
            start.replace(with: Vector(2), where: largest .== g)
            rest.replace(with: b - r, where: largest .== g)
            start.replace(with: Vector(), where: largest .== r)
            rest.replace(with: g - b, where: largest .== r)
            // Not a number where there is no chroma, and left out at the end.
            var hue = start + rest / chroma
            hue.replace(with: hue + Vector(6), where: hue .< Vector())
            hue += Vector(sextants)
            hue.replace(with: hue - Vector(6), where: hue .>= Vector(6))
            let red = smallest + chroma * part(distance(hue, 3) - Vector(1))
            let green = smallest + chroma * part(Vector(2) - distance(hue, 2))
            let blue = smallest + chroma * part(Vector(2) - distance(hue, 4))
            store(
                red.replacing(with: r, where: chroma .== Vector()),
                green.replacing(with: g, where: chroma .== Vector()),
                blue.replacing(with: b, where: chroma .== Vector()), pixels, i, count)
            i += 16
        }
    }

    /// Each channel becomes the luma of ITU-R BT.601, in 65536ths, rounded.
    @inline(never)
    static func removeColour(_ pixels: UnsafeMutablePointer<UInt8>, count: Int) {
        var i = 0
        while i < count {
            let words = loadPixels(pixels + 3 * i, count: count - i)
            let sum =
                level(words, 0) &* Integers(repeating: 19_595)
                &+ level(words, 8) &* Integers(repeating: 38_470)
                &+ level(words, 16) &* Integers(repeating: 7_471) &+ Integers(repeating: 32_768)
            let luma = sum &>> Integers(repeating: 16)
            store(luma, luma, luma, pixels, i, count)
            i += 16
        }
    }

    @inline(always)
    private static func level(_ words: SIMD16<UInt32>, _ shift: UInt32) -> Integers {
        let level = words &>> SIMD16(repeating: shift) & SIMD16(repeating: 255)
        return unsafeBitCast(level, to: Integers.self)
    }

    /// Of the sixteen pixels from number `i` on, as far as there are so many.
    @inline(always)
    private static func channels(
        _ pixels: UnsafePointer<UInt8>, _ i: Int, _ count: Int
    ) -> (r: Vector, g: Vector, b: Vector) {
        let words = loadPixels(pixels + 3 * i, count: count - i)
        return (level(words, 0).floats, level(words, 8).floats, level(words, 16).floats)
    }

    @inline(always)
    private static func store(
        _ r: Integers, _ g: Integers, _ b: Integers, _ pixels: UnsafeMutablePointer<UInt8>,
        _ i: Int, _ count: Int
    ) {
        let sum = r | g &<< Integers(repeating: 8) | b &<< Integers(repeating: 16)
        storePixels(
            unsafeBitCast(sum, to: SIMD16<UInt32>.self), channels: Line<3>.self,
            to: pixels + 3 * i, count: count - i)
    }

    /// Levels that are within 0 to 255 but for roundings: rounded, halves up.
    @inline(always)
    private static func store(
        _ r: Vector, _ g: Vector, _ b: Vector, _ pixels: UnsafeMutablePointer<UInt8>, _ i: Int,
        _ count: Int
    ) {
        let half = Vector(0.5)
        store((r + half).whole, (g + half).whole, (b + half).whole, pixels, i, count)
    }

    /// |hue - centre|
    @inline(always)
    private static func distance(_ hue: Vector, _ centre: Float) -> Vector {
        let x = hue - Vector(centre)
        return x.or(Vector() - x)
    }

    /// Kept within 0 to 1.
    @inline(always)
    private static func part(_ x: Vector) -> Vector { x.raised(to: Vector()).and(Vector(1)) }
}

extension SIMD16<Float> {
    /// The smaller of each two lanes.
    @inline(always) fileprivate func and(_ other: Vector) -> Vector {
        replacing(with: other, where: other .< self)
    }
    /// Cut off, as integers.
    @inline(always) fileprivate var whole: Integers {
        var whole = Integers()
        for lane in 0..<16 { whole[lane] = Int32(self[lane]) }
        return whole
    }
}
