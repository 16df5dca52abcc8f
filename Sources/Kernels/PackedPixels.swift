// SPDX-License-Identifier: Apache-2.0
//
// Sixteen pixels of up to four bytes, each in a lane, from and to memory where they lie side by side.

/// - Parameters:
///   - pixels: Of three bytes.
///   - count: If it is below 18, what is beyond is not read.
@inline(always)
func loadPixels(_ pixels: UnsafePointer<UInt8>, count: Int) -> SIMD16<UInt32> {
    if count >= 18 { return spread(pixels) }
    var copy = InlineArray<4, SIMD16<UInt8>>(repeating: SIMD16())
    return withUnsafeMutablePointer(to: &copy) {
        let bytes = UnsafeMutableRawPointer($0)
        bytes.copyMemory(from: pixels, byteCount: 3 * (count < 16 ? count : 16))
        return spread(UnsafePointer(bytes.assumingMemoryBound(to: UInt8.self)))
    }
}

/// - Parameter count: If it is below 16, the first ones are stored.
@inline(always)
func storePixels<let C: Int>(
    _ words: SIMD16<UInt32>, channels: Line<C>.Type, to pixels: UnsafeMutablePointer<UInt8>,
    count: Int
) {
    if count >= 16 { return pack(words, channels: channels, to: pixels) }
    var copy = InlineArray<4, SIMD16<UInt8>>(repeating: SIMD16())
    withUnsafeMutablePointer(to: &copy) {
        let bytes = UnsafeMutableRawPointer($0)
        pack(words, channels: channels, to: bytes.assumingMemoryBound(to: UInt8.self))
        UnsafeMutableRawPointer(pixels).copyMemory(from: bytes, byteCount: C * count)
    }
}

/// 52 bytes are read.
@inline(always)
private func spread(_ pixels: UnsafePointer<UInt8>) -> SIMD16<UInt32> {
    SIMD16(
        lowHalf: SIMD8(lowHalf: spreadFour(pixels), highHalf: spreadFour(pixels + 12)),
        highHalf: SIMD8(lowHalf: spreadFour(pixels + 24), highHalf: spreadFour(pixels + 36)))
}

/// 16 bytes are read.
@inline(always)
private func spreadFour(_ pixels: UnsafePointer<UInt8>) -> SIMD4<UInt32> {
    let packed = UnsafeRawPointer(pixels).loadUnaligned(as: SIMD16<UInt8>.self)
    var bytes = SIMD16<UInt8>()
    for p in 0..<4 {
        for c in 0..<3 { bytes[4 * p + c] = packed[3 * p + c] }
    }
    return unsafeBitCast(bytes, to: SIMD4<UInt32>.self)
}

/// Sixteen pixels' bytes and no more are written.
@inline(always)
private func pack<let C: Int>(
    _ words: SIMD16<UInt32>, channels: Line<C>.Type, to pixels: UnsafeMutablePointer<UInt8>
) {
    if C == 1 { return store(unsafeBitCast(words, to: Integers.self), to: pixels) }
    packFour(words.lowHalf.lowHalf, channels: channels, to: pixels)
    packFour(words.lowHalf.highHalf, channels: channels, to: pixels + 4 * C)
    packFour(words.highHalf.lowHalf, channels: channels, to: pixels + 8 * C)
    packFour(words.highHalf.highHalf, channels: channels, to: pixels + 12 * C)
}

@inline(always)
private func packFour<let C: Int>(
    _ words: SIMD4<UInt32>, channels: Line<C>.Type, to pixels: UnsafeMutablePointer<UInt8>
) {
    let bytes = unsafeBitCast(words, to: SIMD16<UInt8>.self)
    var packed = SIMD16<UInt8>()
    for p in 0..<4 {
        for c in 0..<C { packed[C * p + c] = bytes[4 * p + c] }
    }
    let target = UnsafeMutableRawPointer(pixels)
    target.storeBytes(of: packed.lowHalf, as: SIMD8<UInt8>.self)
    if C == 3 {
        let rest = packed.highHalf.lowHalf
        target.storeBytes(of: rest, toByteOffset: 8, as: SIMD4<UInt8>.self)
    }
    if C == 4 { target.storeBytes(of: packed.highHalf, toByteOffset: 8, as: SIMD8<UInt8>.self) }
}
