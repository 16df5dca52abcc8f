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
    let rows = Taps(
        fitting.interpolation, outputs: height, inputs: size.height,
        window: fitting.framing.window(size.height, other: size.width, target: (height, width)))
    let columns = Taps(
        fitting.interpolation, outputs: width, inputs: size.width,
        window: fitting.framing.window(size.width, other: size.height, target: (width, height))
    ).columns(inputs: size.width, channels: size.channels, shift: 2 * Taps.shift)
    let length = size.width * size.channels, output = width * size.channels
    // A row of the input's width; what is beyond it does not count, but is not left to chance. And a line of
    // the output's, all of it written before it is read.
    let mixed = MutableIntegers.allocate(capacity: columns.inputCount)
    let line = MutableIntegers.allocate(capacity: output)
    defer {
        unsafe mixed.deallocate()
        unsafe line.deallocate()
    }
    unsafe mixed.update(repeating: 0)
    let sums = unsafe MutableIntegers(rebasing: mixed[..<length])
    for y in 0..<height {
        // mixed[x, c] = sum over k of source[first + k, x, c] * weight[k], at most 255 * 65536 * 5/4
        unsafe sums.update(repeating: 0)
        for row in rows.inputs(of: y) {
            let start = row * length
            // A row of the input: taps lie within it by construction.
            let pixels = unsafe Bytes(rebasing: source[start..<start + length])
            unsafe kernels.addRow(pixels, weight: rows.weight(of: row, in: y), to: sums)
        }
        unsafe kernels.sumColumns(Integers(mixed), columns, into: line)
        let start = y * width * channels
        // Row y of target[y, x, c].
        unsafe kernels.clampLevels(
            Integers(line), shift: 0, into: .init(rebasing: target[start..<start + output]))
        if size.channels < channels { unsafe repeatPixels(target, from: start, count: width) }
    }
}
