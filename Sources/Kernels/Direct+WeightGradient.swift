// SPDX-License-Identifier: Apache-2.0
//
// The gradients of a direct convolution's weights and bias. The rows of a register tile are input
// channels of one tap; the sum runs over images and pixels of an output row.

import Tensors

extension Direct {
    /// Pixels of an output row times images that go through one sum: both operands stay in L1.
    private static let run = 64

    /// - Parameter transposed: The weights as `transpose` makes them; nil if nobody wants the input's
    ///   gradient.
    static func backward(
        _ g: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients,
        _ transposed: Source?
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        biasGradient(
            g, gradients.output.baseAddress!, gradient, into: gradients.bias.baseAddress!)
        weightGradient(
            g, operands.input.baseAddress!, gradient, into: gradients.weights.baseAddress!)
        if let transposed {
            inputGradient(
                g, gradient, transposed, adding: gradients.addsToInput,
                into: gradients.inputGradient.baseAddress!)
        }
    }

    /// dw[o / 16][ky][kx][c][o % 16] += Σ in[y', x', n, c] * dOut[y, x, n, o]
    @inline(never)
    private static func weightGradient(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, into weights: Target
    ) {
        let vertical = g.vertical, chunk = max(1, run / g.images)
        for y in 0..<g.convHeight {
            for x in stride(from: 0, to: g.convWidth, by: chunk) {
                let pixels = x..<min(x + chunk, g.convWidth)
                for ky in vertical.taps(ofOutput: y) {
                    eachPanel(of: g.outputChannels / 16) {
                        add(
                            g, input, gradient, into: weights, y, pixels, ky, from: $0,
                            columns: Columns.self)
                    } alone: {
                        add(
                            g, input, gradient, into: weights, y, pixels, ky, from: $0,
                            columns: Line<1>.self)
                    }
                }
            }
        }
    }

    /// What some pixels of output row `y` add through row `ky` of the taps, for `P` blocks of output
    /// channels.
    @inline(always)
    private static func add<let P: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, into weights: Target, _ y: Int,
        _ pixels: Range<Int>, _ ky: Int, from block: Int, columns: Line<P>.Type
    ) {
        let horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let next = g.kernelHeight * g.kernelWidth * ic * 16
        let row = input + (y * g.strideY + ky - g.padTop) * g.inputWidth * n * ic
        for kx in 0..<g.kernelWidth {
            let inside = horizontal.outputs(ofTap: kx)
            let start = max(pixels.lowerBound, inside.lowerBound)
            let count = min(pixels.upperBound, inside.upperBound) - start
            if count <= 0 { continue }
            // With stride 1 the images of neighbouring pixels follow each other in both operands.
            let (runs, length) = g.strideX == 1 ? (1, count * n) : (count, n)
            let a = row + (start * g.strideX + kx - g.padLeft) * n * ic
            let b = gradient + (y * g.convWidth + start) * n * oc + block * 16
            let tap = weights + block * next + (ky * g.kernelWidth + kx) * ic * 16
            for c in stride(from: 0, to: ic, by: Tile.count) {
                let sum = tap + c * 16
                var acc = Tiles<P> { load(sum + $0 * next, 16) as Tile }
                for p in 0..<runs {
                    outer(
                        &acc, a + p * g.strideX * n * ic + c, ic, length, b + p * n * oc, oc)
                }
                unrolled(Line<P>.self) { p in store(acc[p], sum + p * next, 16) }
            }
        }
    }

    /// Stops the gradient where ReLU stopped the signal, in place, and adds the rest to the bias.
    @inline(never)
    private static func biasGradient(
        _ g: ConvGeometry, _ output: Source, _ gradient: Target, into bias: Target
    ) {
        let oc = g.outputChannels, pixels = g.convHeight * g.convWidth * g.images
        let gated = g.activation == .relu
        for c in stride(from: 0, to: oc, by: 16) {
            var sum = (bias + c).vector
            for p in 0..<pixels {
                let at = gradient + p * oc + c
                if gated {
                    at.vector = at.vector.keeping((output + p * oc + c).vector .> Vector())
                }
                sum += at.vector
            }
            (bias + c).vector = sum
        }
    }
}
