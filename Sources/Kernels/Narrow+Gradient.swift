// SPDX-License-Identifier: Apache-2.0
//
// The weight and bias gradients of a first layer. The gradients of a run of output pixels are brought
// into L1, before the pool and through ReLU; then the taps are the rows of a register tile.

import Tensors

extension Narrow {
    /// Taps that share a tile: as many sums as the registers hold.
    #if WIDE
        private typealias Taps = Line<9>
        private typealias LastTaps = Line<9>
    #else
        private typealias Taps = Line<6>
        private typealias LastTaps = Line<3>
    #endif

    /// dw[o / 16][ky][kx][c][o % 16] += Σ in[y + ky, x + kx, n, c] * dConv[y, x, n, o]
    @inline(never)
    static func gradient(
        _ g: ConvGeometry, _ frame: Frame, _ gradients: ConvGradients,
        _ argmax: UnsafePointer<UInt8>?, scratch: Target
    ) {
        let (n, oc) = (g.images, g.outputChannels), side = argmax == nil ? 1 : 2
        let output = Source(gradients.output.baseAddress!)
        let outputGradient = Source(gradients.outputGradient.baseAddress!)
        let chunk = max(1, ConvGeometry.narrowRun / side / n), gated = g.activation == .relu
        for y in 0..<g.outputHeight {
            for x0 in stride(from: 0, to: g.outputWidth, by: chunk) {
                let end = min(g.outputWidth, x0 + chunk), run = side * (end - x0) * n
                for o in 0..<oc / 16 {
                    let bias = gradients.bias.baseAddress! + o * 16
                    var sum = bias.vector
                    for x in x0..<end {
                        for i in 0..<n {
                            let at = ((y * g.outputWidth + x) * n + i) * oc + o * 16
                            let pixel = scratch + ((x - x0) * side * n + i) * 16
                            let value = (outputGradient + at).vector
                            if let argmax {
                                sum += spread(
                                    value, argmax + at, to: pixel, right: n * 16, below: run * 16)
                            } else {
                                let live =
                                    gated
                                    ? value.keeping((output + at).vector .> Vector()) : value
                                pixel.vector = live
                                sum += live
                            }
                        }
                    }
                    bias.vector = sum
                    for r in 0..<side {
                        let pixels = frame.base + ((y * side + r) * frame.width + x0 * side) * n * C
                        add(
                            pixels, row: frame.width * n * C, pixel: n * C, run,
                            scratch + r * run * 16,
                            into: gradients.weights.baseAddress! + o * 9 * C * 16)
                    }
                }
            }
        }
    }

    /// Adds the products of a run of pixels to the gradients of all 9 C taps.
    @inline(always)
    private static func add(
        _ pixels: Source, row: Int, pixel: Int, _ run: Int, _ gradient: Source,
        into weights: Target
    ) {
        var tap = 0
        while tap + Taps.count <= 9 * C {
            add(pixels, row, pixel, run, gradient, weights, from: tap, rows: Taps.self)
            tap += Taps.count
        }
        if tap < 9 * C {
            add(pixels, row, pixel, run, gradient, weights, from: tap, rows: LastTaps.self)
        }
    }

    @inline(always)
    private static func add<let R: Int>(
        _ pixels: Source, _ row: Int, _ pixel: Int, _ run: Int, _ gradient: Source,
        _ weights: Target, from first: Int, rows: Line<R>.Type
    ) {
        let windows = InlineArray<R, Source> {
            let tap = first + $0
            return pixels + tap / (3 * C) * row + tap % (3 * C) / C * pixel + tap % C
        }
        var acc: Line<R> = load(weights + first * 16, 16)
        outer(&acc, windows, C, run, gradient, 16)
        store(acc, weights + first * 16, 16)
    }
}
