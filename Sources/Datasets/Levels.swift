// SPDX-License-Identifier: Apache-2.0
//
// What is done to each level of grey alike: tables of all 256, so each is computed once an image.

import Tensors

/// Adds `shift` to all pixels, kept within what the image has, then multiplies them by `brightness`, as
/// Keras's `apply_channel_shift` and `apply_brightness_shift` do: sums are rounded, products cut off.
package func shiftLevels(
    _ pixels: MutableBytes, by shift: Double, brightness: Double, _ kernels: KernelSet
) {
    var (lowest, highest): (UInt8, UInt8) = (0, 255)
    if shift != 0 {
        (lowest, highest) = (255, 0)
        // Every pixel of the buffer.
        for i in 0..<pixels.count {
            lowest = min(lowest, unsafe pixels[i])
            highest = max(highest, unsafe pixels[i])
        }
    }
    // In single precision, as the library that Keras leaves it to.
    let factor = Float(brightness)
    // The image is one channel here.
    unsafe mapLevels(pixels, channels: 1, kernels) { level, _ in
        let shifted =
            shift == 0 ? level : min(max(nearestByte(Double(level) + shift), lowest), highest)
        return brightness == 1 ? shifted : UInt8(min(factor * Float(shifted), 255))
    }
}

/// Moves the pixels of each channel away from its mean, or towards it, as `RandomContrast` does.
///
/// - Parameters:
///   - pixels: `[H, W, C]`, C at most 4.
///   - levels: What results are kept in.
package func changeContrast(
    _ pixels: MutableBytes, channels: Int, by factor: Double,
    levels: ClosedRange<Double> = 0...255, _ kernels: KernelSet
) {
    // Both read or change the pixels of the buffer and nothing else.
    let sums = unsafe kernels.channelSums(Bytes(pixels), channels: channels)
    let count = Double(max(pixels.count / channels, 1))
    unsafe mapLevels(pixels, channels: channels, kernels) { level, channel in
        // Each channel has its own mean.
        let mean = Double(sums[channel]) / count
        let moved = (Double(level) - mean) * factor + mean
        return nearestByte(min(max(moved, levels.lowerBound), levels.upperBound))
    }
}

/// Replaces each pixel by what `map` makes of its level and channel.
private func mapLevels(
    _ pixels: MutableBytes, channels: Int, _ kernels: KernelSet,
    _ map: (_ level: UInt8, _ channel: Int) -> UInt8
) {
    // A few hundred bytes of stack, all of them written before one is read.
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256 * channels) { tables in
        for i in 0..<256 * channels {
            unsafe tables.initializeElement(at: i, to: map(UInt8(i & 255), i >> 8))
        }
        unsafe kernels.mapLevels(pixels, channels: channels, tables: Bytes(tables))
    }
}

/// The nearest of 0 to 255, halves up.
func nearestByte(_ x: Double) -> UInt8 {
    x <= 0 ? 0 : x >= 255 ? 255 : UInt8(x + 0.5)
}
