// SPDX-License-Identifier: Apache-2.0
//
// From an image of any size to the shape that a model takes, in integers: the same bits everywhere.

import Tensors

extension DecodedImage {
    /// Overwrites `target` with this image in `shape`: first the colours, as Pillow's `convert` does it,
    /// then the size.
    ///
    /// - Parameter shape: `[H, W, C]`, C is 1, 3 or 4, the last of which is alpha.
    /// - Precondition: `target.count == shape.count`.
    borrowing func fit(
        _ shape: Shape, _ fitting: DatasetConfiguration.Fitting, into target: MutableBytes
    ) {
        precondition(
            target.count == shape.count && [1, 3, 4].contains(shape[2])
                && (channels < 4 || shape[2] == 4),
            "fit: \(target.count) bytes for \(shape), from \(channels) channels")
        if channels == shape[2] || (channels == 1 && shape[2] == 3) {
            // These pixels, during the call.
            return unsafe resize(pixels, (height, width, channels), into: target, shape, fitting)
        }
        // All of it is written before it is read.
        let colours = MutableBytes.allocate(capacity: height * width * shape[2])
        defer { unsafe colours.deallocate() }
        let source = unsafe pixels, step = channels == 3 ? 1 : 0
        for i in 0..<height * width {
            // colours[i] = source[i], each pixel with all its channels; grey serves for three colours.
            let from = i * channels
            let (red, green, blue) = unsafe (
                source[from], source[from + step], source[from + 2 * step]
            )
            if shape[2] == 1 {
                unsafe colours[i] = luma(red, green, blue)
            } else {
                unsafe (colours[4 * i], colours[4 * i + 1]) = (red, green)
                unsafe (colours[4 * i + 2], colours[4 * i + 3]) = (blue, 255)
            }
        }
        // Both buffers outlive the call.
        unsafe resize(Bytes(colours), (height, width, shape[2]), into: target, shape, fitting)
    }
}

/// ITU-R BT.601 in 16-bit fixed point, rounded.
func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    let sum: UInt32 = 19_595 * UInt32(red) + 38_470 * UInt32(green) + 7_471 * UInt32(blue)
    return UInt8((sum + 32_768) >> 16)
}

/// From the size of a file to that of the model.
///
/// - Parameters: As those of `interpolate`.
private func resize(
    _ source: Bytes, _ size: (height: Int, width: Int, channels: Int), into target: MutableBytes,
    _ shape: Shape, _ fitting: DatasetConfiguration.Fitting
) {
    if size == (shape[0], shape[1], shape[2]) {
        precondition(source.count == target.count)
        // As many bytes on both sides.
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
            from: UnsafeRawBufferPointer(source))
    } else if let filter = fitting.interpolation.pillow {
        guard size.channels == 4 else {
            // Overwrites `target`.
            return unsafe resizeAsPillow(
                source, size, into: target, shape, filter, framing: fitting.framing)
        }
        let colours = MutableBytes.allocate(capacity: source.count)
        defer { unsafe colours.deallocate() }
        // As many bytes; both outlive the calls.
        unsafe premultiply(source, into: colours)
        unsafe resizeAsPillow(
            Bytes(colours), size, into: target, shape, filter, framing: fitting.framing)
        unsafe divideByAlpha(target)
    } else if fitting == .init(interpolation: .bilinear, framing: .stretch) {
        unsafe interpolate(source, size, into: target, shape)  // overwrites `target`
    } else {
        unsafe resizeByWeights(source, size, into: target, shape, fitting)  // overwrites `target`
    }
}

/// Bilinear interpolation between pixel centres, as `tf.image.resize` without antialiasing:
///
/// Output pixel `i` of `m` looks at the place `(i + 1/2) n / m - 1/2` of `n` input pixels, kept within
/// `0...n-1`. Its distance from the pixel before it is rounded down to a multiple of 1/4096. The four
/// neighbours enter with the products of these weights, exactly; the sum is rounded once, half up.
///
/// - Parameters:
///   - source: `[height, width, channels]`; one channel may serve three.
///   - target: Overwritten. `[H, W, C]` by `shape`.
private func interpolate(
    _ source: Bytes, _ size: (height: Int, width: Int, channels: Int), into target: MutableBytes,
    _ shape: Shape
) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    precondition(source.count == size.height * size.width * size.channels)
    precondition(target.count == shape.count && (size.channels == channels || size.channels == 1))
    let columns = (0..<width).map { Neighbours(of: $0, of: width, in: size.width) }
    let length = size.width * size.channels
    // One row of the input's width: every element is written before it is read.
    let mixed = MutableWords.allocate(capacity: length)
    defer { unsafe mixed.deallocate() }
    for y in 0..<height {
        let rows = Neighbours(of: y, of: height, in: size.height)
        // mixed[x, c] = the rows above and below, weighted: at most 255 * 4096
        unsafe mix(source, rows, length, into: mixed)
        let start = y * width * channels
        // Row y of target[y, x, c].
        let row = unsafe MutableBytes(rebasing: target[start..<start + width * channels])
        switch (size.channels, channels) {
        case (1, 1): unsafe interpolate(mixed, columns, 1, into: row, copies: 1)
        case (1, _): unsafe interpolate(mixed, columns, 1, into: row, copies: 3)
        case (4, _): unsafe interpolate(mixed, columns, 4, into: row, copies: 1)
        default: unsafe interpolate(mixed, columns, 3, into: row, copies: 1)
        }
    }
}

private typealias MutableWords = UnsafeMutableBufferPointer<UInt32>

/// Mixes two rows of `length` bytes; `rows` are rows of `source`.
private func mix(
    _ source: Bytes, _ rows: Neighbours, _ length: Int, into mixed: MutableWords
) {
    precondition(mixed.count == length && (rows.after + 1) * length <= source.count)
    // Within the two rows and `mixed`, by the line above; an empty image does not exist.
    let (above, below) = unsafe (
        source.baseAddress! + rows.before * length, source.baseAddress! + rows.after * length
    )
    let (far, near) = (rows.weight, 4096 - rows.weight)
    for i in 0..<length {
        unsafe mixed[i] = UInt32(above[i]) &* near &+ UInt32(below[i]) &* far  // i < length
    }
}

/// Interpolates along a row. With literal arguments the inner loops unroll.
@inline(__always)
private func interpolate(
    _ mixed: MutableWords, _ columns: [Neighbours], _ channels: Int, into row: MutableBytes,
    copies: Int
) {
    precondition(row.count == columns.count * channels * copies)
    for x in 0..<columns.count {
        let column = columns[x]
        let (before, after) = (column.before * channels, column.after * channels)
        for channel in 0..<channels {
            // mixed[column, channel]: columns lie within the input by construction. The sum is at most
            // 255 * 4096 * 4096 + 2^23, which fits 32 bits.
            let near = unsafe mixed[before + channel] &* (4096 &- column.weight)
            let sum = unsafe near &+ mixed[after + channel] &* column.weight &+ 1 << 23
            for copy in 0..<copies {
                // row[x, channel or copy]
                unsafe row[x * channels * copies + channel + copy] = UInt8(
                    truncatingIfNeeded: sum >> 24)
            }
        }
    }
}

/// The two input pixels that an output pixel lies between, along one axis.
struct Neighbours {
    let before: Int
    let after: Int
    /// How far from `before` to `after`, in 4096ths.
    let weight: UInt32

    /// - Parameters:
    ///   - output: The output pixel, of `outputs`.
    ///   - inputs: The number of input pixels.
    init(of output: Int, of outputs: Int, in inputs: Int) {
        // (output + 1/2) inputs / outputs - 1/2, as a fraction of 2 outputs.
        let numerator = max((2 * output + 1) * inputs - outputs, 0)
        before = min(numerator / (2 * outputs), inputs - 1)
        after = min(before + 1, inputs - 1)
        weight = UInt32(numerator % (2 * outputs) * 4096 / (2 * outputs))
    }
}
