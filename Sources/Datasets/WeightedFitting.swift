// SPDX-License-Identifier: Apache-2.0
//
// Resizing by any interpolation and framing, in integers: the same bits everywhere. The usual case, the
// whole image bilinearly, has a faster loop in `ImageFitting.swift`, with the same results.

import Tensors

/// Resizes an image: first along y, exactly, then along x, rounded once, half up.
///
/// - Parameters:
///   - source: `[height, width, channels]`; one channel may serve three.
///   - target: Overwritten. `[H, W, C]` by `shape`.
func resizeByWeights(
    _ source: Bytes, _ size: (height: Int, width: Int, channels: Int), into target: MutableBytes,
    _ shape: Shape, _ fitting: DatasetConfiguration.Fitting, _ kernels: KernelSet
) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    precondition(source.count == size.height * size.width * size.channels)
    precondition(target.count == shape.count && (size.channels == channels || size.channels == 1))
    let rows = AxisWeights(
        fitting.interpolation, outputs: height, inputs: size.height,
        window: fitting.framing.window(size.height, other: size.width, target: (height, width)))
    let columns = AxisWeights(
        fitting.interpolation, outputs: width, inputs: size.width,
        window: fitting.framing.window(size.width, other: size.height, target: (width, height)))
    let length = size.width * size.channels
    // One row of the input's width: every element is written before it is read.
    let mixed = MutableIntegers.allocate(capacity: length)
    defer { unsafe mixed.deallocate() }
    let copies = channels / size.channels
    for y in 0..<height {
        // mixed[x, c] = sum over k of source[first + k, x, c] * weight[k], at most 255 * 65536 * 5/4
        unsafe mixed.update(repeating: 0)
        for (row, weight) in zip(rows.taps[y].first..., rows.taps[y].weights) {
            let start = row * length
            // A row of the input: taps lie within it by construction.
            let pixels = unsafe Bytes(rebasing: source[start..<start + length])
            unsafe kernels.addRow(pixels, weight: weight, to: mixed)
        }
        for x in 0..<width {
            let taps = columns.taps[x]
            for channel in 0..<size.channels {
                // target[y, x, channel] = sum over k of mixed[first + k, channel] * weight[k]
                var sum: Int64 = 1 << 31
                for (column, weight) in zip(taps.first..., taps.weights) {
                    sum &+= unsafe Int64(mixed[column * size.channels + channel]) &* Int64(weight)
                }
                let value = UInt8(clamping: sum >> 32)
                let start = (y * width + x) * channels + channel
                for copy in 0..<copies { unsafe target[start + copy] = value }  // within the row
            }
        }
    }
}
