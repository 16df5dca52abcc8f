// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Mirrors an image left to right, in place.
///
/// - Parameter pixels: `[H, W, C]`
/// - Precondition: `pixels.count == shape.count`.
func flipHorizontally(_ pixels: MutableBytes, _ shape: Shape) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    precondition(pixels.count == shape.count, "flip: \(pixels.count) bytes, shape \(shape)")
    for y in 0..<height {
        var left = y * width * channels
        var right = left + (width - 1) * channels
        while left < right {
            // pixels[y, x, c] <-> pixels[y, width - 1 - x, c]; both within row y.
            for channel in 0..<channels {
                unsafe pixels.swapAt(left + channel, right + channel)
            }
            left += channels
            right -= channels
        }
    }
}

/// Mirrors an image top to bottom, in place.
///
/// - Parameter pixels: `[H, W, C]`
/// - Precondition: `pixels.count == shape.count`.
func flipVertically(_ pixels: MutableBytes, _ shape: Shape) {
    let length = shape[1] * shape[2]
    precondition(pixels.count == shape.count, "flip: \(pixels.count) bytes, shape \(shape)")
    for y in 0..<shape[0] / 2 {
        let (above, below) = (y * length, (shape[0] - 1 - y) * length)
        for i in 0..<length {
            // pixels[y, x, c] <-> pixels[height - 1 - y, x, c]; both within the image.
            unsafe pixels.swapAt(above + i, below + i)
        }
    }
}
