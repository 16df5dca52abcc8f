// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution: any kernel, stride and padding. Lanes are channels, each with its own filter. The
// rows of a tile share the weights that have been loaded: they are pixels side by side, which share inputs
// too, or at borders and with strides the images of one pixel.

import Tensors

enum Depthwise {
    /// The rows of a tile.
    typealias Sums = Line<4>

    static func forward(
        _ g: ConvGeometry, _ input: Source, _ weights: Source, _ epilogue: Epilogue,
        into output: Target
    ) {
        if g.kernelHeight == 3 && g.kernelWidth == 3 {
            forward(g, input, weights, epilogue, into: output, side: Line<3>.self)
        } else {
            forward(g, input, weights, epilogue, into: output, side: Line<0>.self)
        }
    }

    /// out[y, x, n, c] = epilogue(Σ in[y', x', n, c] * w[ky, kx, c]). `K` is the side of the kernel where
    /// the loops over it are to unroll, else 0.
    @inline(never)
    private static func forward<let K: Int>(
        _ g: ConvGeometry, _ input: Source, _ weights: Source, _ epilogue: Epilogue,
        into output: Target, side: Line<K>.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, channels = g.inputChannels
        let pixel = g.images * channels, taps = g.kernelHeight * g.kernelWidth
        let (right, below) = (g.dilationX * pixel, g.dilationY * g.inputWidth * pixel)
        eachSlice(of: g) { images in
            for y in 0..<g.convHeight {
                let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
                var x = 0
                while x < g.convWidth {
                    let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                    let isRun =
                        x + Sums.count <= g.convWidth
                        && horizontal.taps(ofOutput: x + Sums.count - 1) == columns
                    let isWhole = K > 0 && rows.count == K && columns.count == K
                    let window = input + (top * g.inputWidth + left) * pixel
                    let to = output + (y * g.convWidth + x) * pixel
                    let from = isRun ? g.strideX * pixel : channels
                    let apart = isRun ? pixel : channels
                    for i in stride(
                        from: images.lowerBound, to: images.upperBound,
                        by: isRun ? 1 : Sums.count)
                    {
                        for c in stride(from: 0, to: channels, by: 16) {
                            let at = window + (i * channels + c), filter = weights + c * taps
                            var acc = Sums(repeating: epilogue.start(c))
                            if isWhole {
                                for ky in 0..<K {
                                    for kx in 0..<K {
                                        add(
                                            &acc, at + (ky * below + kx * right), from,
                                            filter + (ky * K + kx) * 16)
                                    }
                                }
                            } else {
                                for ky in rows {
                                    for kx in columns {
                                        add(
                                            &acc, at + (ky * below + kx * right), from,
                                            filter + (ky * g.kernelWidth + kx) * 16)
                                    }
                                }
                            }
                            for r in 0..<Sums.count {
                                epilogue.complete(
                                    acc[r], c, to: to + (i * channels + c + r * apart))
                            }
                        }
                    }
                    x += isRun ? Sums.count : 1
                }
            }
        }
    }

    static func backward(
        _ g: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        Direct.biasGradient(g, gradients)
        weightGradient(
            g, operands.input.baseAddress!, Source(gradient),
            into: gradients.weights.baseAddress!)
        guard g.needsInputGradient else { return }
        let weights = operands.weights.baseAddress!
        let result = gradients.inputGradient.baseAddress!
        if g.kernelHeight == 3 && g.kernelWidth == 3 && g.strideY == 1 && g.strideX == 1 {
            inputGradient(
                g, gradient, weights, adding: gradients.addsToInput, into: result,
                side: Line<3>.self)
        } else {
            inputGradient(
                g, gradient, weights, adding: gradients.addsToInput, into: result,
                side: Line<0>.self)
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, c] * w[ky, kx, c], or += that if `adding`. `K` as above, for
    /// stride 1.
    @inline(never)
    private static func inputGradient<let K: Int>(
        _ g: ConvGeometry, _ gradient: Source, _ weights: Source, adding: Bool,
        into result: Target, side: Line<K>.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, channels = g.inputChannels
        let pixel = g.images * channels, taps = g.kernelHeight * g.kernelWidth
        let (left, above) = (g.dilationX * pixel, g.dilationY * g.convWidth * pixel)
        eachSlice(of: g) { images in
            for y in 0..<g.inputHeight {
                let rows = vertical.taps(ofInput: y)
                let row = vertical.output(ofInput: y, tap: rows.first)
                var x = 0
                while x < g.inputWidth {
                    let columns = horizontal.taps(ofInput: x)
                    let column = horizontal.output(ofInput: x, tap: columns.first)
                    let isRun =
                        g.strideX == 1 && x + Sums.count <= g.inputWidth
                        && horizontal.taps(ofInput: x + Sums.count - 1) == columns
                    let isWhole = K > 0 && rows == (0, K) && columns == (0, K)
                    let window = gradient + (row * g.convWidth + column) * pixel
                    let to = result + (y * g.inputWidth + x) * pixel
                    let apart = isRun ? pixel : channels
                    for i in stride(
                        from: images.lowerBound, to: images.upperBound,
                        by: isRun ? 1 : Sums.count)
                    {
                        for c in stride(from: 0, to: channels, by: 16) {
                            let filter = weights + c * taps, place = i * channels + c
                            var acc =
                                adding ? load(to + place, apart) : Sums(repeating: Vector())
                            if isWhole {
                                for ky in 0..<K {
                                    for kx in 0..<K {
                                        add(
                                            &acc, window + (place - ky * above - kx * left), apart,
                                            filter + (ky * K + kx) * 16)
                                    }
                                }
                            } else {
                                var ky = rows.first, line = window + place
                                while ky < rows.end {
                                    var kx = columns.first, at = line
                                    while kx < columns.end {
                                        add(
                                            &acc, at, apart,
                                            filter + (ky * g.kernelWidth + kx) * 16)
                                        kx += g.strideX
                                        at -= left
                                    }
                                    ky += g.strideY
                                    line -= above
                                }
                            }
                            store(acc, to + place, apart)
                        }
                    }
                    x += isRun ? Sums.count : 1
                }
            }
        }
    }

    /// Calls `body` with some images at a time, so that what a row of outputs reads stays near until the
    /// next row reads it again.
    @inline(always)
    private static func eachSlice(of g: ConvGeometry, _ body: (Range<Int>) -> Void) {
        let near = 1 << 17, rows = g.kernelHeight * g.inputWidth * g.inputChannels
        let slice = max(1, near / rows / Sums.count) * Sums.count
        for first in stride(from: 0, to: g.images, by: slice) {
            body(first..<min(first + slice, g.images))
        }
    }

    /// acc[r] += a[r * apart...] * w
    @inline(always)
    private static func add(_ acc: inout Sums, _ a: Source, _ apart: Int, _ weights: Source) {
        let w = weights.vector
        for r in 0..<Sums.count { acc[r] = acc[r].plus((a + r * apart).vector, times: w) }
    }
}
