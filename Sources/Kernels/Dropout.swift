// SPDX-License-Identifier: Apache-2.0
//
// Dropout: which elements stay is a function of (seed, layer, epoch, position, element) alone.

import Tensors

enum Dropout {
    /// values[p, n, c] *= kept ? 1 / (1 - rate) : 0; see `DropoutDraw` for the count of elements.
    @inline(never)
    static func forward(
        _ draw: DropoutDraw, _ values: Target, _ kept: UnsafeMutablePointer<UInt8>
    ) {
        let (n, stored, live) = (draw.images, draw.storedChannels, draw.liveChannels)
        // A word w is kept where its unit float (w >> 8) * 2^-24 is at least the rate.
        let scaled = draw.rate * 0x1p24, whole = Int32(scaled)
        let threshold = Integers(repeating: Float(whole) < scaled ? whole + 1 : whole)
        for i in stride(from: 0, to: draw.count, by: 16) {
            UnsafeMutableRawPointer(kept + i).storeBytes(
                of: SIMD16<UInt8>(), as: SIMD16<UInt8>.self)
        }
        var words = InlineArray<64, UInt32>(repeating: 0)
        withUnsafeMutablePointer(to: &words) {
            let words = UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt32.self)
            for i in 0..<draw.streams.count {
                var pixel = 0, channel = 0
                for first in stride(from: 0, to: draw.pixels * live, by: 64) {
                    drawWords(draw.streams[i], from: UInt32(first / 4), into: words)
                    for group in 0..<4 {
                        // Shifted as unsigned words: 24 bits, which are positive in either type.
                        let drawn =
                            UnsafeRawPointer(words + group * 16)
                            .loadUnaligned(as: SIMD16<UInt32>.self)
                            &>> SIMD16(repeating: 8)
                        let stays = Integers().replacing(
                            with: Integers(repeating: 1),
                            where: unsafeBitCast(drawn, to: Integers.self) .>= threshold)
                        if pixel == draw.pixels { break }
                        if live % 16 == 0 {
                            store(stays, to: kept + (pixel * n + i) * stored + channel)
                            channel += 16
                            if channel == live { (pixel, channel) = (pixel + 1, 0) }
                        } else {
                            for lane in 0..<16 where pixel < draw.pixels {
                                kept[(pixel * n + i) * stored + channel] = UInt8(
                                    truncatingIfNeeded: stays[lane])
                                channel += 1
                                if channel == live { (pixel, channel) = (pixel + 1, 0) }
                            }
                        }
                    }
                }
            }
        }
        backward(draw.rate, kept, values, count: draw.count)
    }

    @inline(never)
    static func backward(
        _ rate: Float, _ kept: UnsafePointer<UInt8>, _ gradient: Target, count: Int
    ) {
        let scale = Vector(1 / (1 - rate))
        for i in stride(from: 0, to: count, by: 16) {
            (gradient + i).vector = ((gradient + i).vector * scale)
                .keeping(integers(kept + i) .!= Integers())
        }
    }

    /// The 64 words of blocks `block` to `block + 15` of a stream, in order: `Philox`, 16 at a time.
    @inline(always)
    private static func drawWords(
        _ philox: Philox, from block: UInt32, into words: UnsafeMutablePointer<UInt32>
    ) {
        typealias Words = SIMD16<UInt32>
        var c0 = Words(repeating: block) &+ unsafeBitCast(laneNumbers, to: Words.self)
        var c1 = Words(), c2 = Words(repeating: philox.stream.x)
        var c3 = Words(repeating: philox.stream.y)
        var k0 = philox.key.x, k1 = philox.key.y
        for _ in 0..<10 {
            let (pHigh, pLow) = product(c0, 0xD251_1F53), (qHigh, qLow) = product(c2, 0xCD9E_8D57)
            (c0, c1) = (qHigh ^ c1 ^ Words(repeating: k0), qLow)
            (c2, c3) = (pHigh ^ c3 ^ Words(repeating: k1), pLow)
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        for lane in 0..<16 {
            words[lane * 4] = c0[lane]
            words[lane * 4 + 1] = c1[lane]
            words[lane * 4 + 2] = c2[lane]
            words[lane * 4 + 3] = c3[lane]
        }
    }

    @inline(always)
    private static func product(
        _ a: SIMD16<UInt32>, _ b: UInt32
    ) -> (high: SIMD16<UInt32>, low: SIMD16<UInt32>) {
        var high = SIMD16<UInt32>()
        for lane in 0..<16 {
            high[lane] = UInt32(truncatingIfNeeded: (UInt64(a[lane]) &* UInt64(b)) &>> 32)
        }
        return (high, a &* SIMD16(repeating: b))
    }
}
