// SPDX-License-Identifier: Apache-2.0
//
// First layers: 3x3, stride 1, C = 1 to 4 channels, an activation and an optional 2x2 pool.

import Tensors

/// `C` is part of the type, so that the 9 C taps unroll.
enum Narrow<let C: Int> {
    #if WIDE
        private typealias Windows = InlineArray<8, Source>
    #else
        private typealias Windows = InlineArray<4, Source>
    #endif

    static func forward(
        _ g: ConvGeometry, _ frame: Frame, _ weights: Source, _ bias: Source, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>?
    ) {
        if let argmax {
            pooled(g, frame, weights, bias, into: output, argmax)
        } else {
            plain(g, frame, weights, bias, into: output)
        }
    }

    /// The sums of 16 output channels for `R` windows anywhere.
    @inline(always)
    private static func taps<let R: Int>(
        _ windows: InlineArray<R, Source>, right: Int, below: Int, _ weights: Source, _ bias: Vector
    ) -> Line<R> {
        var acc = Line<R>(repeating: bias)
        for ky in 0..<3 {
            for kx in 0..<3 {
                for c in 0..<C {
                    let at = ky * below + kx * right + c
                    let column = (weights + ((ky * 3 + kx) * C + c) * 16).vector
                    for r in 0..<R { acc[r] = acc[r].plus(windows[r][at], times: column) }
                }
            }
        }
        return acc
    }

    /// out[y, x, n, o] = activation(bias[o] + Σ in[y + ky, x + kx, n, c] * w[ky, kx, c, o])
    @inline(never)
    private static func plain(
        _ g: ConvGeometry, _ frame: Frame, _ weights: Source, _ bias: Source, into output: Target
    ) {
        let (n, oc) = (g.images, g.outputChannels), right = n * C, below = frame.width * right
        let floor = g.floor
        for y in 0..<g.convHeight {
            for o in 0..<oc / 16 {
                let weights = weights + o * 9 * C * 16, bias = (bias + o * 16).vector
                for x in 0..<g.convWidth {
                    let pixel = frame.base + y * below + x * right
                    let out = output + (y * g.convWidth + x) * n * oc + o * 16
                    for i in stride(from: 0, to: n, by: Windows.count) {
                        let sums = taps(
                            Windows { pixel + (i + $0) * C }, right: right, below: below, weights,
                            bias)
                        for r in 0..<Windows.count {
                            (out + (i + r) * oc).vector = sums[r].raised(to: floor)
                        }
                    }
                }
            }
        }
    }

    /// The same with ReLU and a pool: the rows of the tile are the four pixels of a pool window, so that
    /// the maximum comes straight from the sums in registers.
    @inline(never)
    private static func pooled(
        _ g: ConvGeometry, _ frame: Frame, _ weights: Source, _ bias: Source, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>
    ) {
        let (n, oc) = (g.images, g.outputChannels), right = n * C, below = frame.width * right
        for y in 0..<g.outputHeight {
            for o in 0..<oc / 16 {
                let weights = weights + o * 9 * C * 16, bias = (bias + o * 16).vector
                for x in 0..<g.outputWidth {
                    let pixel = frame.base + y * 2 * below + x * 2 * right
                    let at = (y * g.outputWidth + x) * n * oc + o * 16
                    for i in stride(from: 0, to: n, by: Windows.count / 4) {
                        let a = taps(
                            Windows { row in
                                let across = row % 2 * right, down = row / 2 % 2 * below
                                return pixel + (across + down + (i + row / 4) * C)
                            }, right: right, below: below, weights, bias)
                        for r in 0..<Windows.count / 4 {
                            Largest(a[r * 4], a[r * 4 + 1], a[r * 4 + 2], a[r * 4 + 3])
                                .write(to: output + at + (i + r) * oc, argmax + at + (i + r) * oc)
                        }
                    }
                }
            }
        }
    }
}

/// The input of a narrow convolution as it reads it: `width` pixels across, no tap outside.
struct Frame {
    let base: Source
    let width: Int

    /// The input itself if no tap leaves it, else its copy in `kept`.
    @inline(always)
    init(_ g: ConvGeometry, _ operands: ConvOperands) {
        let framed = g.isFramed
        base = framed ? Source(operands.kept.baseAddress!) : operands.input.baseAddress!
        width = framed ? g.convWidth + 2 : g.inputWidth
    }

    /// Copies the input into a frame of zeros.
    @inline(never)
    static func fill(_ g: ConvGeometry, _ input: Source, into kept: Target) {
        let pixel = g.images * g.inputChannels, width = g.convWidth + 2
        let left = g.padLeft * pixel, row = g.inputWidth * pixel
        let copied = min(row, width * pixel - left)
        for y in 0..<g.convHeight + 2 {
            let to = kept + y * width * pixel, from = y - g.padTop
            if from < 0 || from >= g.inputHeight {
                for i in 0..<width * pixel { to[i] = 0 }
                continue
            }
            for i in 0..<left { to[i] = 0 }
            for i in 0..<copied { to[left + i] = input[from * row + i] }
            for i in left + copied..<width * pixel { to[i] = 0 }
        }
    }
}
