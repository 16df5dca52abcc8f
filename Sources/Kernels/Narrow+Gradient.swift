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

    /// dw[o / 16][ky][kx][c][o % 16] += Σ in[y', x', n, c] * dConv[y, x, n, o]
    static func gradient(
        _ g: ConvGeometry, _ frame: Frame, _ gradients: ConvGradients,
        _ argmax: UnsafePointer<UInt8>?, scratch: Target
    ) {
        let side = g.pooled ? 2 : 1, chunk = max(1, ConvGeometry.narrowRun / side / g.images)
        // Where each tap lies, as seen from the first.
        let taps = UnsafeMutableRawPointer(scratch + g.narrowRunCount)
            .assumingMemoryBound(to: Int.self)
        for tap in 0..<g.kernelHeight * g.kernelWidth * C {
            let ky = tap / C / g.kernelWidth * g.dilationY
            let kx = tap / C % g.kernelWidth * g.dilationX
            taps[tap] = (ky * frame.width + kx) * g.images * C + tap % C
        }
        for y in 0..<g.outputHeight {
            for x in stride(from: 0, to: g.outputWidth, by: chunk) {
                let pixels = x..<min(x + chunk, g.outputWidth)
                eachPanel(of: g.outputChannels / 16) {
                    add(
                        g, frame, gradients, argmax, scratch, taps, y, pixels, from: $0,
                        columns: Columns.self)
                } alone: {
                    add(
                        g, frame, gradients, argmax, scratch, taps, y, pixels, from: $0,
                        columns: Line<1>.self)
                }
            }
        }
    }

    /// What some pixels of output row `y` add, for `P` blocks of output channels.
    @inline(never)
    private static func add<let P: Int>(
        _ g: ConvGeometry, _ frame: Frame, _ gradients: ConvGradients,
        _ argmax: UnsafePointer<UInt8>?, _ scratch: Target, _ taps: UnsafePointer<Int>, _ y: Int,
        _ pixels: Range<Int>, from block: Int, columns: Line<P>.Type
    ) {
        let side = g.pooled ? 2 : 1, run = side * pixels.count * g.images
        bringGradients(
            g, gradients, argmax, y, pixels, run, from: block, columns: columns, into: scratch)
        let count = g.kernelHeight * g.kernelWidth * C
        let weights = gradients.weights.baseAddress! + block * count * 16
        for row in 0..<side {
            let left = pixels.lowerBound * side * g.strideX
            let window =
                frame.base + ((y * side + row) * g.strideY * frame.width + left) * g.images * C
            let gradient = Source(scratch + row * run * 16 * P)
            var tap = 0
            while tap < count {
                let left = count - tap
                if left > LastTaps.count {
                    add(
                        g, window, gradient, run, weights, taps, tap, count,
                        sums: Panel<P, _>(repeating: Taps(repeating: Vector())))
                    tap += Taps.count
                } else {
                    add(
                        g, window, gradient, run, weights, taps, tap, count,
                        sums: Panel<P, _>(repeating: LastTaps(repeating: Vector())))
                    tap += LastTaps.count
                }
            }
        }
    }

    /// The products of a run of pixels with `R` taps. Rows beyond the last tap repeat it, and are
    /// thrown away.
    @inline(always)
    private static func add<let P: Int, let R: Int>(
        _ g: ConvGeometry, _ window: Source, _ gradient: Source, _ run: Int, _ weights: Target,
        _ taps: UnsafePointer<Int>, _ first: Int, _ count: Int, sums: Panel<P, R>
    ) {
        let last = count - 1, n = g.images
        var windows = InlineArray<R, Source> { window + taps[min(first + $0, last)] }
        var acc = Panel<P, R> { p in
            Line<R> { (weights + (p * count + min(first + $0, last)) * 16).vector }
        }
        if g.strideX == 1 {
            // The images of neighbouring pixels follow each other.
            outer(&acc, windows, C, run, gradient, 16 * P)
        } else {
            for pixel in stride(from: 0, to: run, by: n) {
                outer(&acc, windows, C, n, gradient + pixel * 16 * P, 16 * P)
                for r in 0..<R { windows[r] += g.strideX * n * C }
            }
        }
        unrolled(Line<P>.self) { p in
            for r in 0..<R where first + r <= last {
                (weights + (p * count + first + r) * 16).vector = acc[p][r]
            }
        }
    }

    /// Fills `scratch`, `[row][pixel][image][16 P]`, with the gradients of the convolution's own outputs,
    /// and adds them to the bias.
    @inline(always)
    private static func bringGradients<let P: Int>(
        _ g: ConvGeometry, _ gradients: ConvGradients, _ argmax: UnsafePointer<UInt8>?, _ y: Int,
        _ pixels: Range<Int>, _ run: Int, from block: Int, columns: Line<P>.Type,
        into scratch: Target
    ) {
        let (n, oc) = (g.images, g.outputChannels), gated = g.activation != .linear
        let limit = Limit(g.activation)
        let output = Source(gradients.output.baseAddress!)
        let gradient = Source(gradients.outputGradient.baseAddress!)
        let bias = gradients.bias.baseAddress! + block * 16
        var sums: Line<P> = load(bias, 16)
        for x in pixels {
            for i in 0..<n {
                let at = ((y * g.outputWidth + x) * n + i) * oc + block * 16
                let place = (x - pixels.lowerBound) * (g.pooled ? 2 : 1) * n + i
                for p in 0..<P {
                    let value = (gradient + at + p * 16).vector
                    let pixel = scratch + (place * P + p) * 16
                    if let argmax {
                        sums[p] += spread(
                            value, argmax + at + p * 16, to: pixel, right: n * 16 * P,
                            below: run * 16 * P)
                    } else {
                        let live =
                            gated
                            ? limit.backward(value, output: (output + at + p * 16).vector) : value
                        pixel.vector = live
                        sums[p] += live
                    }
                }
            }
        }
        store(sums, bias, 16)
    }
}
