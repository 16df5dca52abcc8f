// SPDX-License-Identifier: Apache-2.0
//
// Colours in proportion to their alpha and back, as Pillow does it around a resizing: what is transparent
// has no colour that could bleed.

import Tensors

/// `[pixels][4]`: colour = colour * alpha / 255, rounded.
func premultiply(_ source: Bytes, into target: MutableBytes) {
    precondition(source.count == target.count && source.count % 4 == 0)
    for pixel in stride(from: 0, to: source.count, by: 4) {
        // Four channels of a pixel, on both sides.
        let alpha = unsafe UInt32(source[pixel + 3])
        for c in 0..<3 {
            let product = unsafe UInt32(source[pixel + c]) * alpha + 128
            unsafe target[pixel + c] = UInt8(((product >> 8) + product) >> 8)
        }
        unsafe target[pixel + 3] = UInt8(alpha)
    }
}

/// `[pixels][4]`, in place: colour = colour * 255 / alpha, cut off, where alpha is neither 0 nor 255.
func divideByAlpha(_ pixels: MutableBytes) {
    precondition(pixels.count % 4 == 0)
    for pixel in stride(from: 0, to: pixels.count, by: 4) {
        // Four channels of a pixel.
        let alpha = unsafe UInt32(pixels[pixel + 3])
        guard alpha != 0, alpha != 255 else { continue }
        for c in 0..<3 {
            unsafe pixels[pixel + c] = UInt8(min(UInt32(pixels[pixel + c]) * 255 / alpha, 255))
        }
    }
}
