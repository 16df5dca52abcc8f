// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Blurs an image along both axes by a Gaussian, in place; beyond its edges the image goes on as it ends.
///
/// The weights reach four standard deviations and are whole 65536ths; what lies between the two passes
/// has 16 bits, and is rounded once at the end.
///
/// - Parameters:
///   - pixels: `[height][width][channels]`
///   - deviation: In pixels, 0 to `GaussianBlur.mostDeviation`.
///   - scratch: Overwritten, `GaussianBlur.scratchCount` bytes.
package func blur(
    _ pixels: MutableBytes, height: Int, width: Int, channels: Int, deviation: Double,
    scratch: MutableBytes
) {
    let length = width * channels, count = height * length
    precondition(
        pixels.count == count && scratch.count >= GaussianBlur.scratchCount(height, length)
            && 0...GaussianBlur.mostDeviation ~= deviation,
        "blur: \(pixels.count) bytes, \(scratch.count) of scratch, "
            + "\(height) x \(width) x \(channels), \(deviation)")
    let radius = GaussianBlur.radius(deviation)
    guard radius > 0, count > 0 else { return }
    // Two planes for the upper and lower bytes between the passes, then a row of sums at a multiple of 4.
    let upper = scratch.baseAddress!, lower = unsafe upper + count
    let sums = unsafe UnsafeMutableRawPointer(lower + count).alignedUp(for: UInt32.self)
        .assumingMemoryBound(to: UInt32.self)
    let image = pixels.baseAddress!
    // A few hundred bytes of stack, all of them written before one is read.
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: radius + 1) { weights in
        unsafe GaussianBlur.fill(weights, deviation)
        for y in 0..<height {
            // sums[x, c] = sum over k of pixels[y, x + k, c] * weight[|k|], at most 255 * 65536 + 128
            let row = unsafe image + y * length
            for i in 0..<length { unsafe sums[i] = 128 }
            for k in -radius...radius {
                let weight = unsafe weights[abs(k)]
                // Columns whose neighbour lies within the row, and the others at both ends.
                let first = min(max(-k, 0), width), last = max(min(width - k, width), 0)
                let inner = first * channels..<max(last, first) * channels
                for i in inner { unsafe sums[i] &+= UInt32(row[i + k * channels]) &* weight }
                for i in 0..<inner.lowerBound {
                    unsafe sums[i] &+= UInt32(row[i % channels]) &* weight
                }
                for i in inner.upperBound..<length {
                    unsafe sums[i] &+= UInt32(row[length - channels + i % channels]) &* weight
                }
            }
            for i in 0..<length {
                unsafe upper[y * length + i] = UInt8(truncatingIfNeeded: sums[i] >> 16)
                unsafe lower[y * length + i] = UInt8(truncatingIfNeeded: sums[i] >> 8)
            }
        }
        for y in 0..<height {
            // sums[i] = sum over k of mixed[y + k, i] * weight[|k|], at most 65280 * 65536 + 2^23
            for i in 0..<length { unsafe sums[i] = 1 << 23 }
            for k in -radius...radius {
                let weight = unsafe weights[abs(k)]
                let start = min(max(y + k, 0), height - 1) * length
                for i in 0..<length {
                    let mixed = unsafe UInt32(upper[start + i]) << 8 | UInt32(lower[start + i])
                    unsafe sums[i] &+= mixed &* weight
                }
            }
            // At most 255.
            for i in 0..<length {
                unsafe image[y * length + i] = UInt8(truncatingIfNeeded: sums[i] >> 24)
            }
        }
    }
}

/// The weights of a blur.
package enum GaussianBlur {
    package static let mostDeviation = 64.0

    /// Bytes of scratch for an image of so many rows of so many bytes.
    package static func scratchCount(_ rows: Int, _ length: Int) -> Int {
        2 * rows * length + 4 * length + 3
    }

    /// Pixels to either side.
    static func radius(_ deviation: Double) -> Int { Int(4 * deviation + 0.5) }

    /// Writes the weights of the pixels at distances 0, 1, ...; both sides sum to 65536.
    static func fill(_ weights: UnsafeMutableBufferPointer<UInt32>, _ deviation: Double) {
        // e^(-k^2 / 2 s^2) = q^(k^2), and q^(k^2) = q^((k-1)^2) q^(2k-1).
        let q = exponential(-1 / (2 * deviation * deviation)), square = q * q
        var value = 1.0, step = q, total = 1.0
        for _ in 1..<weights.count {
            value *= step
            step *= square
            total += 2 * value
        }
        (value, step) = (1, q)
        var rest: UInt32 = 65536
        for k in 1..<weights.count {
            value *= step
            step *= square
            // k is below the count.
            unsafe weights[k] = UInt32(value / total * 65536 + 0.5)
            rest -= unsafe 2 * weights[k]
        }
        unsafe weights[0] = rest
    }

    /// e^x for x at most 0: the series of a small part of it, squared again and again.
    private static func exponential(_ x: Double) -> Double {
        guard x > -700 else { return 0 }
        var part = x, halvings = 0
        while part < -0.125 {
            part /= 2
            halvings += 1
        }
        var term = 1.0, sum = 1.0
        for n in 1..<16 {
            term *= part / Double(n)
            sum += term
        }
        for _ in 0..<halvings { sum *= sum }
        return sum
    }
}
