// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Fills a rectangle of an image.
///
/// - Parameter pixels: `[H, W, C]`
/// - Precondition: The rectangle lies within the image.
/// - Source: DeVries and Taylor (2017), "Improved Regularization of Convolutional Neural Networks with
///   Cutout".
package func cut(_ hole: PixelDraw.Hole, outOf pixels: MutableBytes, _ shape: Shape, fill: UInt8) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    precondition(
        pixels.count == shape.count && (0...height).contains(hole.rows.upperBound)
            && (0...width).contains(hole.columns.upperBound) && hole.rows.lowerBound >= 0
            && hole.columns.lowerBound >= 0,
        "cutout: \(hole) of \(pixels.count) bytes, shape \(shape)")
    for y in hole.rows {
        for x in hole.columns {
            for c in 0..<channels {
                unsafe pixels[(y * width + x) * channels + c] = fill  // pixels[y, x, c]
            }
        }
    }
}
