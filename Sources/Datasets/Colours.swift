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
package func changeSaturation(_ pixels: MutableBytes, by factor: Double, _ kernels: KernelSet) {
    unsafe kernels.changeColours(pixels, .saturation(factor: Float(factor)))  // the caller's pixels
}

/// Turns the hue of each pixel, as `tf.image.adjust_hue` does: value and saturation stay.
///
/// - Parameters:
///   - pixels: `[H, W, 3]`
///   - turns: Of the circle of colours, -1 to 1.
package func turnHue(_ pixels: MutableBytes, by turns: Double, _ kernels: KernelSet) {
    let sextants = Float(turns < 0 ? turns + 1 : turns) * 6
    unsafe kernels.changeColours(pixels, .hue(sextants: sextants))  // the caller's pixels
}

/// Makes the three channels of each pixel its luma.
///
/// - Parameter pixels: `[H, W, 3]`
package func removeColour(_ pixels: MutableBytes, _ kernels: KernelSet) {
    unsafe kernels.changeColours(pixels, .grey)  // the caller's pixels
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
