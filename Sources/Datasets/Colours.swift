// SPDX-License-Identifier: Apache-2.0
//
// What is done to the three channels of a pixel together.

import Tensors

/// Multiplies the saturation of each pixel, as `tf.image.adjust_saturation` does: value and hue stay.
///
/// The saturation, (max - min) / max, ends at 1, so the distance of a channel to the largest one grows by
/// `factor`, but at most until the smallest channel is 0.
///
/// - Parameter pixels: `[H, W, 3]`
package func changeSaturation(_ pixels: MutableBytes, by factor: Double) {
    let factor = Float(factor)
    // Three channels at a time, of a buffer that holds whole pixels.
    unsafe forEachPixel(pixels) { r, g, b in
        let largest = max(r, g, b), chroma = largest - min(r, g, b)
        guard chroma > 0 else { return (r, g, b) }
        let growth = min(factor, largest / chroma)
        return (
            largest - (largest - r) * growth, largest - (largest - g) * growth,
            largest - (largest - b) * growth
        )
    }
}

/// Turns the hue of each pixel, as `tf.image.adjust_hue` does: value and saturation stay.
///
/// - Parameters:
///   - pixels: `[H, W, 3]`
///   - turns: Of the circle of colours, -1 to 1.
package func turnHue(_ pixels: MutableBytes, by turns: Double) {
    let sextants = Float(turns < 0 ? turns + 1 : turns) * 6
    // Three channels at a time, of a buffer that holds whole pixels.
    unsafe forEachPixel(pixels) { r, g, b in
        let largest = max(r, g, b), smallest = min(r, g, b), chroma = largest - smallest
        guard chroma > 0 else { return (r, g, b) }
        // Red is at 0, green at 2, blue at 4 sextants.
        var hue =
            largest == r
            ? (g - b) / chroma : largest == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma
        if hue < 0 { hue += 6 }
        hue += sextants
        if hue >= 6 { hue -= 6 }
        return (
            smallest + chroma * part(abs(hue - 3) - 1), smallest + chroma * part(2 - abs(hue - 2)),
            smallest + chroma * part(2 - abs(hue - 4))
        )
    }
}

/// Makes the three channels of each pixel its luma.
///
/// - Parameter pixels: `[H, W, 3]`
package func removeColour(_ pixels: MutableBytes) {
    for pixel in stride(from: 0, to: pixels.count / 3 * 3, by: 3) {
        // pixels[y, x, 0...2], all in the buffer.
        let grey = unsafe luma(pixels[pixel], pixels[pixel + 1], pixels[pixel + 2])
        for c in 0..<3 { unsafe pixels[pixel + c] = grey }
    }
}

/// Copies the first three channels of each pixel, between images of 3 or 4 channels.
func copyColours(of source: MutableBytes, _ from: Int, to target: MutableBytes, _ to: Int) {
    precondition(
        source.count / from == target.count / to && from >= 3 && to >= 3,
        "copyColours: \(source.count) bytes in \(from)s to \(target.count) in \(to)s")
    for pixel in 0..<source.count / from {
        // target[pixel, c] = source[pixel, c]
        for c in 0..<3 { unsafe target[pixel * to + c] = source[pixel * from + c] }
    }
}

@inline(__always)
private func forEachPixel(
    _ pixels: MutableBytes, _ map: (Float, Float, Float) -> (Float, Float, Float)
) {
    for pixel in stride(from: 0, to: pixels.count / 3 * 3, by: 3) {
        // pixels[y, x, 0...2], all in the buffer. What comes back is within 0 to 255 but for roundings.
        let (r, g, b) = unsafe map(
            Float(pixels[pixel]), Float(pixels[pixel + 1]), Float(pixels[pixel + 2]))
        unsafe pixels[pixel] = UInt8(r + 0.5)
        unsafe pixels[pixel + 1] = UInt8(g + 0.5)
        unsafe pixels[pixel + 2] = UInt8(b + 0.5)
    }
}

/// Kept within 0 to 1.
@inline(__always)
private func part(_ x: Float) -> Float { x < 0 ? 0 : x > 1 ? 1 : x }
