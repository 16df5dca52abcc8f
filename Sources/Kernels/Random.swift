// SPDX-License-Identifier: Apache-2.0
//
// `Philox`, sixteen blocks at a time.

import Tensors

extension Philox {
    /// The 64 words of blocks `block` to `block + 15` of a stream, in order.
    ///
    /// - Parameter block: Its lower half is at most 2^32 - 16.
    @inline(always)
    func draw(from block: UInt64, into words: UnsafeMutablePointer<UInt32>) {
        typealias Words = SIMD16<UInt32>
        var c0 = Words(repeating: UInt32(truncatingIfNeeded: block))
        c0 &+= unsafeBitCast(laneNumbers, to: Words.self)
        var c1 = Words(repeating: UInt32(truncatingIfNeeded: block &>> 32))
        var c2 = Words(repeating: stream.x), c3 = Words(repeating: stream.y)
        var k0 = key.x, k1 = key.y
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
}

@inline(always)
private func product(
    _ a: SIMD16<UInt32>, _ b: UInt32
) -> (high: SIMD16<UInt32>, low: SIMD16<UInt32>) {
    var high = SIMD16<UInt32>()
    for lane in 0..<16 {
        high[lane] = UInt32(truncatingIfNeeded: (UInt64(a[lane]) &* UInt64(b)) &>> 32)
    }
    return (high, a &* SIMD16(repeating: b))
}
