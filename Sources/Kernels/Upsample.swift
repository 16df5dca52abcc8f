// SPDX-License-Identifier: Apache-2.0
//
// Images with a whole number of pixels in the place of each, repeated or mixed.

import Tensors

enum Upsample {
    /// out[y, x, n, c] = in[..., n, c] at the place of (y, x), between up to four pixels.
    @inline(never)
    static func forward(_ g: UpsampleGeometry, _ input: Source, into output: Target) {
        let (down, across) = (Spread(g, down: true), Spread(g, down: false))
        let pixel = g.images * g.channels
        for y in 0..<down.count * down.factor {
            let (above, below, low) = down.pixels(of: y)
            for x in 0..<across.count * across.factor {
                let (left, right, far) = across.pixels(of: x)
                let a = input + (above * across.count + left) * pixel
                let b = input + (above * across.count + right) * pixel
                let c = input + (below * across.count + left) * pixel
                let d = input + (below * across.count + right) * pixel
                let out = output + (y * across.count * across.factor + x) * pixel
                for q in stride(from: 0, to: pixel, by: 16) {
                    let first = (a + q).vector
                    guard g.isBilinear else {
                        (out + q).vector = first
                        continue
                    }
                    let upper = first.plus(far, times: (b + q).vector - first)
                    let lower = (c + q).vector.plus(far, times: (d + q).vector - (c + q).vector)
                    (out + q).vector = upper.plus(low, times: lower - upper)
                }
            }
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, c] * (share of (y', x') in it), in the order of outputs.
    @inline(never)
    static func backward(
        _ g: UpsampleGeometry, _ gradient: Source, adding: Bool, into result: Target
    ) {
        let (down, across) = (Spread(g, down: true), Spread(g, down: false))
        let pixel = g.images * g.channels
        for y in 0..<down.count {
            let rows = down.outputs(of: y)
            for x in 0..<across.count {
                let columns = across.outputs(of: x)
                let to = result + (y * across.count + x) * pixel
                for q in stride(from: 0, to: pixel, by: 16) {
                    var sum = adding ? (to + q).vector : Vector()
                    for oy in rows {
                        let share = down.share(of: y, in: oy)
                        for ox in columns {
                            let at = (oy * across.count * across.factor + ox) * pixel + q
                            sum = sum.plus(
                                share * across.share(of: x, in: ox), times: (gradient + at).vector)
                        }
                    }
                    (to + q).vector = sum
                }
            }
        }
    }
}

/// One axis of the image.
private struct Spread {
    let count: Int, factor: Int
    let isBilinear: Bool

    @inline(always)
    init(_ g: UpsampleGeometry, down: Bool) {
        (count, factor) = down ? (g.inputHeight, g.factorY) : (g.inputWidth, g.factorX)
        isBilinear = g.isBilinear
    }

    /// The pixels on both sides of an output's place, and how much of the second is in it.
    @inline(always)
    func pixels(of output: Int) -> (first: Int, second: Int, share: Float) {
        guard isBilinear else { return (output / factor, output / factor, 0) }
        // The place in halves of an output pixel.
        let place = 2 * output + 1 - factor, unit = 2 * factor
        guard place > 0 else { return (0, 0, 0) }
        let first = place / unit
        return (first, min(first + 1, count - 1), Float(place % unit) / Float(unit))
    }

    /// The outputs in which there is something of a pixel.
    @inline(always)
    func outputs(of pixel: Int) -> Range<Int> {
        let first = pixel * factor
        guard isBilinear else { return first..<first + factor }
        // Their places are less than a pixel off; at the edges all beyond.
        let lower = pixel == 0 ? 0 : (2 * first - factor + 1) / 2
        let upper = pixel == count - 1 ? count * factor : (2 * first + 3 * factor) / 2
        return lower..<min(upper, count * factor)
    }

    /// How much of a pixel there is in an output.
    @inline(always)
    func share(of pixel: Int, in output: Int) -> Float {
        let (first, second, share) = pixels(of: output)
        return (first == pixel ? 1 - share : 0) + (second == pixel ? share : 0)
    }
}
