// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Blurs an image along both axes by a Gaussian, in place; beyond its edges the image goes on as it ends.
///
/// The weights reach four standard deviations and are whole 65536ths; what lies between the two passes
/// has 16 bits, and is rounded once at the end.
///
/// - Parameters:
///   - pixels: `[H, W, C]`
///   - deviation: In pixels, 0 to `GaussianBlur.mostDeviation`.
///   - scratch: Overwritten, `GaussianBlur.scratchCount` bytes for this deviation or a larger one.
package func blur(
    _ pixels: MutableBytes, _ shape: Shape, deviation: Double, scratch: MutableBytes,
    _ kernels: KernelSet
) {
    precondition(
        pixels.count == shape.count && 0...GaussianBlur.mostDeviation ~= deviation,
        "blur: \(pixels.count) bytes, \(shape), \(deviation)")
    let radius = GaussianBlur.radius(deviation)
    guard radius > 0 else { return }
    // A kilobyte of stack at most, all of it written before it is read; the pixels are the caller's.
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: radius + 1) { weights in
        unsafe GaussianBlur.fill(weights, deviation)
        unsafe kernels.blur(
            pixels, height: shape[0], width: shape[1], channels: shape[2], weights: Words(weights),
            scratch: scratch)
    }
}

/// The weights of a blur.
package enum GaussianBlur {
    package static let mostDeviation = 64.0

    /// Bytes of scratch that `blur` needs.
    package static func scratchCount(_ shape: Shape, deviation: Double) -> Int {
        KernelSet.blurScratchCount(
            height: shape[0], width: shape[1], channels: shape[2], radius: radius(deviation))
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
