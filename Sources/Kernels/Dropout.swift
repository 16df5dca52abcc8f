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
                    draw.streams[i].draw(from: UInt64(first / 4), into: words)
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
}
