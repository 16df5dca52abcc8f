// SPDX-License-Identifier: Apache-2.0
//
// Chance in the data, without state: what happens to a sample depends on where it stands, not on when
// or where it is computed.

import Tensors

extension DatasetConfiguration.Augmentation {
    /// Whether the sample at `position` of `epoch` is mirrored.
    func flips(seed: UInt64, epoch: Int, position: Int) -> Bool {
        guard horizontalFlip else { return false }
        let random = Philox(
            seed: seed, purpose: .augmentation, UInt32(truncatingIfNeeded: epoch),
            UInt32(truncatingIfNeeded: position))
        return random.words(0).x >> 31 == 1
    }
}

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
