// SPDX-License-Identifier: Apache-2.0
//
// From an image of any size to the shape that a model takes, in integers: the same bits everywhere.

import Tensors

extension DecodedImage {
    /// Decodes a file for what `fit` makes of it.
    init(
        file: UnsafeRawBufferPointer, for shape: Shape, _ fitting: DatasetConfiguration.Fitting
    ) throws(DatasetError) {
        // The caller's bytes, during the call.
        try unsafe self.init(
            file: file, keepsAlpha: shape[2] == 4,
            enough: fitting.jpegScaling == .auto ? (shape[0], shape[1]) : nil)
    }

    /// Overwrites `target` with this image in `shape`: first the colours, as Pillow's `convert` does it,
    /// then the size.
    ///
    /// - Parameter shape: `[H, W, C]`, C is 1, 3 or 4, the last of which is alpha.
    /// - Precondition: `target.count == shape.count`.
    borrowing func fit(
        _ shape: Shape, _ fitting: DatasetConfiguration.Fitting, _ kernels: KernelSet,
        into target: MutableBytes
    ) {
        precondition(
            target.count == shape.count && [1, 3, 4].contains(shape[2])
                && (channels < 4 || shape[2] == 4),
            "fit: \(target.count) bytes for \(shape), from \(channels) channels")
        if channels == shape[2] || (channels == 1 && shape[2] == 3) {
            // These pixels, during the call.
            return unsafe resize(
                pixels, (height, width, channels), into: target, shape, fitting, kernels)
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
        unsafe resize(
            Bytes(colours), (height, width, shape[2]), into: target, shape, fitting, kernels)
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
    _ shape: Shape, _ fitting: DatasetConfiguration.Fitting, _ kernels: KernelSet
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
                source, size, into: target, shape, filter, fitting.framing, kernels)
        }
        let colours = MutableBytes.allocate(capacity: source.count)
        defer { unsafe colours.deallocate() }
        // As many bytes; both outlive the calls.
        unsafe premultiply(source, into: colours)
        unsafe resizeAsPillow(
            Bytes(colours), size, into: target, shape, filter, fitting.framing, kernels)
        unsafe divideByAlpha(target)
    } else if fitting.interpolation == .bilinear, fitting.framing == .stretch {
        unsafe interpolate(source, size, into: target, shape, kernels)  // overwrites `target`
    } else {
        unsafe resizeByWeights(  // overwrites `target`
            source, size, into: target, shape, fitting, kernels)
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
    _ shape: Shape, _ kernels: KernelSet
) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    precondition(source.count == size.height * size.width * size.channels)
    precondition(target.count == shape.count && (size.channels == channels || size.channels == 1))
    var columns = ColumnMix(outputs: width, inputs: size.width, channels: size.channels)
    for x in 0..<width {
        let place = Neighbours(of: x, of: width, in: size.width)
        columns.append(before: place.before, after: place.after, weight: place.weight)
    }
    let length = size.width * size.channels, output = width * size.channels
    // One row of the input's width; what is beyond it does not count, but is not left to chance.
    let mixed = MutableWords.allocate(capacity: columns.inputCount)
    defer { unsafe mixed.deallocate() }
    unsafe mixed.update(repeating: 0)
    for y in 0..<height {
        let rows = Neighbours(of: y, of: height, in: size.height)
        let (above, below) = (rows.before * length, rows.after * length)
        let start = y * width * channels
        // Rows of the input, which `rows` is within, and row y of target[y, x, c].
        unsafe kernels.mixRows(
            Bytes(rebasing: source[above..<above + length]),
            Bytes(rebasing: source[below..<below + length]), weight: rows.weight, into: mixed)
        unsafe kernels.mixColumns(
            Words(mixed), columns,
            into: MutableBytes(rebasing: target[start..<start + output]))
        if size.channels < channels { unsafe repeatPixels(target, from: start, count: width) }
    }
}

/// Grey pixels at the beginning of a row to as many of three equal channels.
func repeatPixels(_ target: MutableBytes, from start: Int, count: Int) {
    for x in (0..<count).reversed() {
        // Within the row; what is still to be read lies before what is written.
        let level = unsafe target[start + x]
        for c in 0..<3 { unsafe target[start + 3 * x + c] = level }
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
