// SPDX-License-Identifier: Apache-2.0
//
// The weight gradient of a depthwise convolution. Neighbouring taps share the gradients that have been
// loaded; each tap's sum runs over squares of a few images and pixels, and those over the rows.

import Tensors

extension Depthwise {
    /// Images, and pixels of a row, that are added one after another: part of the arithmetic.
    static let run = 4

    /// dw[ky, kx, c] += Σ in[y', x', n, c] * dOut[y, x, n, c] over a row of outputs and a few images.
    static func addRow(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, _ y: Int, from first: Int,
        to weights: Target
    ) {
        let rows = g.vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
        let pixel = g.images * g.inputChannels, image = first * g.inputChannels
        for x in stride(from: 0, to: g.convWidth, by: run) {
            let pixels = x..<min(x + run, g.convWidth)
            var ky = rows.lowerBound
            while ky < rows.upperBound {
                let count = min(rowsTogether, rows.upperBound - ky)
                let row = (top + ky * g.dilationY) * g.inputWidth * pixel
                addRows(
                    g, input + (row + image), gradient + (y * g.convWidth * pixel + image),
                    pixels, count: count, to: weights + ky * g.kernelWidth * 16)
                ky += count
            }
        }
    }

    /// Rows of taps that are summed together: as many sums as there are registers for.
    #if WIDE
        private static var rowsTogether: Int { 3 }
    #else
        private static var rowsTogether: Int { 1 }
    #endif

    /// What some pixels of an output row add through `count` rows of the taps.
    private static func addRows(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, _ pixels: Range<Int>, count: Int,
        to weights: Target
    ) {
        #if WIDE
            if count == 3 {
                return addRows(g, input, gradient, pixels, to: weights, rows: Line<3>.self)
            }
            if count == 2 {
                return addRows(g, input, gradient, pixels, to: weights, rows: Line<2>.self)
            }
        #endif
        addRows(g, input, gradient, pixels, to: weights, rows: Line<1>.self)
    }

    private static func addRows<let R: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, _ pixels: Range<Int>,
        to weights: Target, rows: Line<R>.Type
    ) {
        var kx = 0
        while kx < g.kernelWidth {
            let left = g.kernelWidth - kx
            if left >= 5 {
                add(g, input, gradient, pixels, from: kx, weights, Panel<R, 5>.self)
                kx += 5
            } else if left >= 3 {
                add(g, input, gradient, pixels, from: kx, weights, Panel<R, 3>.self)
                kx += 3
            } else if left == 2 {
                add(g, input, gradient, pixels, from: kx, weights, Panel<R, 2>.self)
                kx += 2
            } else {
                add(g, input, gradient, pixels, from: kx, weights, Panel<R, 1>.self)
                kx += 1
            }
        }
    }

    /// What outputs of a row add to `K` columns of `R` rows of taps, the first column `kx`.
    @inline(never)
    private static func add<let R: Int, let K: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, _ pixels: Range<Int>,
        from kx: Int, _ weights: Target, _: Panel<R, K>.Type
    ) {
        let horizontal = g.horizontal, channels = g.inputChannels, pixel = g.images * channels
        let (right, below) = (g.dilationX * pixel, g.dilationY * g.inputWidth * pixel)
        let columns = kx..<kx + K, nextRow = g.kernelWidth * 16, taps = g.kernelHeight * nextRow
        // Outputs that all of the columns reach; beside them are those that some do.
        let inside = horizontal.outputs(ofTap: kx)
            .clamped(to: horizontal.outputs(ofTap: kx + K - 1))
        let isShort = isShort(run * channels)
        var c = 0
        while c < channels {
            let to = weights + (c / 16 * taps + kx * 16)
            var acc = Panel<R, K> { load(to + $0 * nextRow, 16) }
            var i = c
            while i < run * channels {
                var x = pixels.lowerBound
                while x < pixels.upperBound {
                    let b = (gradient + (x * pixel + i)).vector
                    let column = x * g.strideX - g.padLeft + kx * g.dilationX
                    let a = input + (column * pixel + i)
                    if isShort {
                        // What the next run reads for the first time.
                        (gradient + ((x + run) * pixel + i)).prefetch(16)
                        for k in max(0, K - g.strideX)..<K {
                            let next = (R - 1) * below + k * right + run * g.strideX * pixel
                            (a + next).prefetch(16)
                        }
                    }
                    if inside.contains(x) {
                        for r in 0..<R {
                            for k in 0..<K {
                                let at = a + (r * below + k * right)
                                acc[r][k] = acc[r][k].plus(at.vector, times: b)
                            }
                        }
                    } else {
                        let some = horizontal.taps(ofOutput: x).clamped(to: columns)
                        for k in 0..<K where some.contains(kx + k) {
                            for r in 0..<R {
                                let at = a + (r * below + k * right)
                                acc[r][k] = acc[r][k].plus(at.vector, times: b)
                            }
                        }
                    }
                    x += 1
                }
                i += channels
            }
            for r in 0..<R { store(acc[r], to + r * nextRow, 16) }
            c += 16
        }
    }
}
