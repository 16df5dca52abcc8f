// SPDX-License-Identifier: Apache-2.0
//
// The weight gradient of a depthwise convolution. Neighbouring taps of a row share the gradients that have
// been loaded; each tap's sum runs over squares of a few images and pixels, and those over the rows.

import Tensors

extension Depthwise {
    /// Taps that are summed together.
    private typealias Taps = Line<3>
    /// Images, and pixels of a row, that are added one after another: part of the arithmetic.
    private static let run = 4

    /// dw[ky, kx, c] += Σ in[y', x', n, c] * dOut[y, x, n, c]
    @inline(never)
    static func weightGradient(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, into weights: Target
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, channels = g.inputChannels
        let pixel = g.images * channels, taps = g.kernelHeight * g.kernelWidth
        for first in stride(from: 0, to: g.images, by: run) {
            for y in 0..<g.convHeight {
                let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
                for x in stride(from: 0, to: g.convWidth, by: run) {
                    let pixels = x..<min(x + run, g.convWidth)
                    let isInside =
                        horizontal.taps(ofOutput: x).count == g.kernelWidth
                        && horizontal.taps(ofOutput: pixels.upperBound - 1).count == g.kernelWidth
                    for c in stride(from: 0, to: channels, by: 16) {
                        let place = first * channels + c
                        let b = gradient + (y * g.convWidth * pixel + place)
                        for ky in rows {
                            let row = top + ky * g.dilationY
                            addRow(
                                g, input + (row * g.inputWidth * pixel + place), b, pixels,
                                isInside: isInside,
                                to: weights + (c * taps + ky * g.kernelWidth * 16))
                        }
                    }
                }
            }
        }
    }

    /// What some pixels of an output row add through a row of the taps.
    @inline(always)
    private static func addRow(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, _ pixels: Range<Int>,
        isInside: Bool, to weights: Target
    ) {
        var kx = 0
        if isInside {
            while kx + Taps.count <= g.kernelWidth {
                add(g, input, gradient, pixels, from: kx, weights, sums: Taps.self)
                kx += Taps.count
            }
        }
        while kx < g.kernelWidth {
            let reached = g.horizontal.outputs(ofTap: kx).clamped(to: pixels)
            add(g, input, gradient, reached, from: kx, weights, sums: Line<1>.self)
            kx += 1
        }
    }

    /// What outputs of a row add to `T` taps, the first of them `kx`.
    @inline(always)
    private static func add<let T: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, _ xs: Range<Int>, from kx: Int,
        _ weights: Target, sums: Line<T>.Type
    ) {
        if xs.isEmpty { return }
        let channels = g.inputChannels, pixel = g.images * channels
        let step = g.strideX * pixel, apart = g.dilationX * pixel
        let column = xs.lowerBound * g.strideX - g.padLeft + kx * g.dilationX
        let rows = input + column * pixel, gradients = gradient + xs.lowerBound * pixel
        var acc: Line<T> = load(weights + kx * 16, 16)
        for i in 0..<run {
            var a = rows + i * channels, b = gradients + i * channels
            for _ in 0..<xs.count {
                let at = b.vector
                for t in 0..<T { acc[t] = acc[t].plus((a + t * apart).vector, times: at) }
                a += step
                b += pixel
            }
        }
        store(acc, weights + kx * 16, 16)
    }
}
