// SPDX-License-Identifier: Apache-2.0
//
// One resampling for all that moves the pixels of an image.

import Tensors

/// Takes each pixel of an image from where `map` says, by bilinear interpolation, in place.
///
/// Places are rounded to the nearest 4096th of a pixel. The four neighbours enter with the products of
/// their weights, exactly; the sum is rounded once, half up. What is computed is all whole numbers.
///
/// - Parameters:
///   - pixels: `[H, W, C]`, C at most 4.
///   - mode: What is beyond the edges.
///   - fill: The constant of those modes that have one.
///   - nearest: Takes the nearest pixel instead, of two equally near the one to the right or below.
///   - scratch: Overwritten, `resampleScratchCount` bytes.
/// - Precondition: `pixels.count == shape.count`.
package func resample(
    _ pixels: MutableBytes, _ shape: Shape, _ map: AffineMap, mode: Border.Mode, fill: UInt8,
    nearest: Bool = false, scratch: MutableBytes, _ kernels: KernelSet
) {
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    precondition(
        pixels.count == shape.count && shape.count > 0
            && scratch.count >= resampleScratchCount(shape),
        "resample: \(pixels.count) bytes and \(scratch.count) of scratch, shape \(shape)")
    // The image in a frame of the constant, one pixel wide.
    let framed = unsafe MutableBytes(rebasing: scratch[..<resampleScratchCount(shape)])
    unsafe frame(pixels, shape, by: fill, into: framed)
    let rows = Border(mode: mode, count: height, snaps: nearest)
    let columns = Border(mode: mode, count: width, snaps: nearest)
    let half: Int64 = 1 << (PlaceAxis.shift - 1)
    for y in 0..<height {
        var across = PlaceAxis(map.x0 &+ map.xy &* Int64(y) &+ half, step: map.xx)
        var down = PlaceAxis(map.y0 &+ map.yy &* Int64(y) &+ half, step: map.yx)
        var x = 0
        while x < width {
            let column = columns.fold(at: across.place), row = rows.fold(at: down.place)
            let count = min(width - x, across.count(in: column), down.count(in: row))
            let (placeX, stepX) = across.folded(column, snaps: nearest)
            let (placeY, stepY) = down.folded(row, snaps: nearest)
            let start = (y * width + x) * channels
            // pixels[y, x..., c], all in the buffer.
            unsafe kernels.sample(
                Bytes(framed), (height + 2, width + 2), channels: channels,
                PlaceRun(
                    x: placeX, y: placeY, stepX: stepX, stepY: stepY, count: count, snaps: nearest),
                into: MutableBytes(rebasing: pixels[start..<start + count * channels]))
            across.skip(count)
            down.skip(count)
            x += count
        }
    }
}

/// Bytes of scratch that `resample` needs.
package func resampleScratchCount(_ shape: Shape) -> Int {
    (shape[0] + 2) * (shape[1] + 2) * shape[2] + 4
}

/// Copies an image into the middle of one that is a pixel larger on each side.
private func frame(
    _ pixels: MutableBytes, _ shape: Shape, by fill: UInt8, into framed: MutableBytes
) {
    let length = shape[1] * shape[2], border = shape[2]
    let wide = length + 2 * border
    // Counts are those that `resample` has checked.
    unsafe framed[..<(wide + border)].update(repeating: fill)
    for y in 0..<shape[0] {
        let start = (y + 1) * wide + border
        let row = unsafe UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(pixels)[y * length..<(y + 1) * length])
        unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(framed)[start..<start + length]
        ).copyMemory(from: row)
        // The end of this row and the beginning of the next.
        unsafe framed[start + length..<start + length + 2 * border].update(repeating: fill)
    }
    unsafe framed[((shape[0] + 1) * wide)...].update(repeating: fill)
}

/// Where the pixels of a row come from, along one axis, in 2^-32 pixels; half a 4096th is added already.
private struct PlaceAxis {
    static let shift = Int64(AffineMap.fractionBits - Border.fractionBits)

    private var exact: Int64
    private let step: Int64

    init(_ exact: Int64, step: Int64) { (self.exact, self.step) = (exact, step) }

    /// In whole 4096ths.
    var place: Int { Int(exact >> Self.shift) }

    mutating func skip(_ count: Int) { exact &+= step &* Int64(count) }

    /// The places from here on that lie in the same fold, or some of them, if they are very many.
    func count(in fold: Border.Fold) -> Int {
        guard step != 0 else { return .max }
        let bound = step > 0 ? fold.places.upperBound - place : place - fold.places.lowerBound
        let part = exact & (1 << Self.shift - 1)
        let rest = step > 0 ? 1 << Self.shift - 1 - part : part
        let distance = Int64(min(bound, 1 << 40)) << Self.shift + rest
        return Int(clamping: distance.magnitude / step.magnitude) + 1
    }

    /// This place and its step in the framed image.
    func folded(_ fold: Border.Fold, snaps: Bool) -> (Int64, step: Int64) {
        // Halves go up, which is down in a mirror image.
        let half: Int64 = snaps ? Int64(Border.one / 2) << Self.shift : 0
        let start = (Int64(fold.offset) + Int64(Border.one)) << Self.shift &+ half
        switch fold.sign {
        case 0: return (start, 0)
        case 1: return (start &+ exact, step)
        default:
            let whole = snaps ? -1 : Int64(1) << Self.shift - 1
            return (start &- exact &+ whole, 0 &- step)
        }
    }
}
