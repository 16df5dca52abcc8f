// SPDX-License-Identifier: Apache-2.0
//
// Normal numbers, each from one random word: a function of (seed, layer, epoch, position, element) alone.

import Tensors

enum GaussianNoise {
    /// values[p, n, c] += deviation * normal; see `NoiseDraw` for the count of elements.
    @inline(never)
    static func add(_ draw: NoiseDraw, to values: Target) {
        let (n, stored, live) = (draw.images, draw.storedChannels, draw.liveChannels)
        let total = draw.pixels * live
        var words = InlineArray<64, UInt32>(repeating: 0)
        var noise = InlineArray<64, Float>(repeating: 0)
        withUnsafeMutablePointer(to: &words) { words in
            withUnsafeMutablePointer(to: &noise) { noise in
                let words = UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt32.self)
                let noise = UnsafeMutableRawPointer(noise).assumingMemoryBound(to: Float.self)
                for i in 0..<draw.streams.count {
                    var pixel = 0, channel = 0, first = 0
                    while first < total {
                        draw.streams[i].draw(from: UInt64(first / 4), into: words)
                        fill(noise, from: words, draw.deviation)
                        let count = min(64, total - first)
                        var place = 0
                        while place < count {
                            let run = min(live - channel, count - place)
                            addRun(
                                noise + place,
                                to: values + (pixel * n + i) * stored + channel, count: run)
                            place += run
                            channel += run
                            if channel == live { (pixel, channel) = (pixel + 1, 0) }
                        }
                        first += 64
                    }
                }
            }
        }
    }

    /// 64 normal numbers, times a deviation.
    @inline(never)
    private static func fill(
        _ noise: Target, from words: UnsafePointer<UInt32>, _ deviation: Float
    ) {
        for group in 0..<4 {
            let drawn = UnsafeRawPointer(words + group * 16)
                .loadUnaligned(as: SIMD16<UInt32>.self)
            // 23 bits after a leading one are a float from 1 to 2.
            let bits = (drawn &>> SIMD16(repeating: 9)) | SIMD16(repeating: 0x3F80_0000)
            let centred = unsafeBitCast(bits, to: Vector.self) - Vector(1.5)
            let x = Vector(0x1p-23).plus(2, times: centred)
            (noise + group * 16).vector = Vector(deviation) * normal(x)
        }
    }
}

/// The number below which a share (1 + x) / 2 of a normal distribution lies, for x between -1 and 1 in odd
/// multiples of 2^-23, with a relative error of at most 8 ulp.
///
/// - Source: Giles (2010), "Approximating the erfinv function": the polynomials in -ln(1 - x²), or its root.
@inline(always)
private func normal(_ x: Vector) -> Vector {
    // Both factors are exact.
    let w = Vector() - ln((Vector(1) - x) * (Vector(1) + x))
    let t = w - Vector(2.5)
    var p = Vector(2.810_226_36e-8)
    p = Vector(3.432_739_39e-7).plus(p, times: t)
    p = Vector(-3.523_387_7e-6).plus(p, times: t)
    p = Vector(-4.391_506_54e-6).plus(p, times: t)
    p = Vector(2.185_808_7e-4).plus(p, times: t)
    p = Vector(-1.253_725_03e-3).plus(p, times: t)
    p = Vector(-4.177_681_64e-3).plus(p, times: t)
    p = Vector(2.466_407_27e-1).plus(p, times: t)
    p = Vector(1.501_409_41).plus(p, times: t)
    let r = w.squareRoots - Vector(3)
    var q = Vector(-2.002_142_57e-4)
    q = Vector(1.009_505_58e-4).plus(q, times: r)
    q = Vector(1.349_343_22e-3).plus(q, times: r)
    q = Vector(-3.673_428_44e-3).plus(q, times: r)
    q = Vector(5.739_507_73e-3).plus(q, times: r)
    q = Vector(-7.622_461_3e-3).plus(q, times: r)
    q = Vector(9.438_870_47e-3).plus(q, times: r)
    q = Vector(1.001_674_06).plus(q, times: r)
    q = Vector(2.832_976_82).plus(q, times: r)
    return Vector(1.414_213_5) * (p.replacing(with: q, where: w .>= Vector(5)) * x)
}
