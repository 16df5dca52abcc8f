// SPDX-License-Identifier: Apache-2.0
//
// One resampling for all that moves the pixels of an image.

import Tensors

/// Takes each pixel of `target` from where `map` says, by bilinear interpolation.
///
/// Places are rounded to the nearest 4096th of a pixel. The four neighbours enter with the products of
/// their weights, exactly; the sum is rounded once, half up. What is computed is all whole numbers.
///
/// - Parameters:
///   - source: `[H, W, C]`, C at most 4, apart from `target`.
///   - mode: What is beyond the edges.
///   - fill: The constant of those modes that have one.
///   - nearest: Takes the nearest pixel instead, of two equally near the one to the right or below.
///   - target: Overwritten. `[H, W, C]`.
/// - Precondition: `source.count == shape.count && target.count == shape.count`.
package func resample(
    _ source: Bytes, _ shape: Shape, _ map: AffineMap, mode: Border.Mode, fill: UInt8,
    nearest: Bool = false, into target: MutableBytes
) {
    precondition(
        source.count == shape.count && target.count == shape.count && shape.count > 0
            && shape[2] <= 4,
        "resample: from \(source.count) bytes to \(target.count), shape \(shape)")
    let walk = Walk(
        map: map, rows: Border(mode: mode, count: shape[0]),
        columns: Border(mode: mode, count: shape[1]), fill: .init(repeating: fill))
    // Both buffers outlive the calls, and are as large as the precondition says.
    let (from, to) = (source.baseAddress!, target.baseAddress!)
    switch (shape[2], nearest) {
    case (1, false): unsafe walk.run(from, into: to, channels: 1, snaps: false)
    case (3, false): unsafe walk.run(from, into: to, channels: 3, snaps: false)
    case (let channels, false): unsafe walk.run(from, into: to, channels: channels, snaps: false)
    case (let channels, true): unsafe walk.run(from, into: to, channels: channels, snaps: true)
    }
}

/// One way through all pixels of an image.
private struct Walk {
    let map: AffineMap
    let rows: Border
    let columns: Border
    /// The pixel beyond the edges.
    let fill: SIMD4<UInt8>

    /// With a literal number of channels the inner loops unroll.
    @inline(__always)
    func run(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, channels: Int,
        snaps: Bool
    ) {
        let shift = Int64(AffineMap.fractionBits - Border.fractionBits)
        let half: Int64 = 1 << (shift - 1)
        let length = columns.count * channels
        let (innerX, innerY) = (UInt(columns.count - 1), UInt(rows.count - 1))
        for y in 0..<rows.count {
            var x64 = map.x0 &+ map.xy &* Int64(y) &+ half
            var y64 = map.y0 &+ map.yy &* Int64(y) &+ half
            for x in 0..<columns.count {
                // target[y, x, c] = source[y', x', c]
                let pixel = unsafe target + (y &* length &+ x &* channels)
                let (placeX, placeY) = (Int(x64 &>> shift), Int(y64 &>> shift))
                let column = placeX &>> Border.fractionBits, row = placeY &>> Border.fractionBits
                if UInt(bitPattern: column) < innerX, UInt(bitPattern: row) < innerY {
                    // The pixel, its right neighbour and the two below are in the image.
                    let above = unsafe source + (row &* length &+ column &* channels)
                    let below = unsafe above + length
                    let right = UInt32(truncatingIfNeeded: placeX & (Border.one - 1))
                    let down = UInt32(truncatingIfNeeded: placeY & (Border.one - 1))
                    // Four neighbours, each with all its channels.
                    unsafe mix(
                        above, above + channels, below, below + channels,
                        snaps ? Self.snapped(right) : right, snaps ? Self.snapped(down) : down,
                        into: pixel, channels: channels)
                } else {
                    // Finds out what of `source` there is.
                    unsafe edge(
                        source, placeX, placeY, into: pixel, channels: channels, snaps: snaps)
                }
                x64 &+= map.xx
                y64 &+= map.yx
            }
        }
    }

    /// A pixel that not all four neighbours of are in the image.
    @inline(never)
    private func edge(
        _ source: UnsafePointer<UInt8>, _ placeX: Int, _ placeY: Int,
        into pixel: UnsafeMutablePointer<UInt8>, channels: Int, snaps: Bool
    ) {
        let column = columns.neighbours(of: placeX), row = rows.neighbours(of: placeY)
        let right = snaps ? Self.snapped(column.weight) : column.weight
        let down = snaps ? Self.snapped(row.weight) : row.weight
        // A pixel of `source`, by what `neighbours` promises, or the one of four bytes on the stack.
        unsafe withUnsafeBytes(of: fill) { fill in
            let nothing = unsafe fill.baseAddress!.assumingMemoryBound(to: UInt8.self)
            func at(_ y: Int, _ x: Int) -> UnsafePointer<UInt8> {
                let isThere = y != Border.outside && x != Border.outside
                // y < rows.count and x < columns.count.
                return unsafe isThere ? source + (y * columns.count + x) * channels : nothing
            }
            // Each of them has all its channels, four at most.
            unsafe mix(
                at(row.before, column.before), at(row.before, column.after),
                at(row.after, column.before), at(row.after, column.after), right, down,
                into: pixel, channels: channels)
        }
    }

    /// All of the nearer neighbour.
    @inline(__always)
    private static func snapped(_ weight: UInt32) -> UInt32 { (weight &+ 2048) & 4096 }

    /// The sums are at most 255 * 4096 * 4096 + 2^23, which fits 32 bits.
    @inline(__always)
    private func mix(
        _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ c: UnsafePointer<UInt8>,
        _ d: UnsafePointer<UInt8>, _ right: UInt32, _ down: UInt32,
        into pixel: UnsafeMutablePointer<UInt8>, channels: Int
    ) {
        let left = 4096 &- right, up = 4096 &- down
        for i in 0..<channels {
            // a b are the channels of the pixels above, c d of those below.
            let above = unsafe UInt32(a[i]) &* left &+ UInt32(b[i]) &* right
            let below = unsafe UInt32(c[i]) &* left &+ UInt32(d[i]) &* right
            let sum = above &* up &+ below &* down &+ (1 << 23)
            unsafe pixel[i] = UInt8(truncatingIfNeeded: sum &>> 24)
        }
    }
}
