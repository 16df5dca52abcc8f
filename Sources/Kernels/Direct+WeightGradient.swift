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
                g, gradient, transposed, into: gradients.inputGradient.baseAddress!)
        }
    }

    /// dw[o / 16][ky][kx][c][o % 16] += Σ in[y', x', n, c] * dOut[y, x, n, o]
    private static func weightGradient(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, into weights: Target
    ) {
        switch g.inputChannels {
        case 1: add(g, input, gradient, into: weights, rows: Line<1>.self)
        case 2: add(g, input, gradient, into: weights, rows: Line<2>.self)
        case 3: add(g, input, gradient, into: weights, rows: Line<3>.self)
        case 4: add(g, input, gradient, into: weights, rows: Line<4>.self)
        default: add(g, input, gradient, into: weights, rows: Tile.self)
        }
    }

    @inline(never)
    private static func add<let R: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, into weights: Target,
        rows: Line<R>.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let chunk = max(1, run / n)
        // With stride 1 the images of neighbouring pixels follow each other in both operands.
        let dense = g.strideX == 1
        for y in 0..<g.convHeight {
            for x0 in stride(from: 0, to: g.convWidth, by: chunk) {
                for ky in vertical.taps(ofOutput: y) {
                    let row = input + (y * g.strideY + ky - g.padTop) * g.inputWidth * n * ic
                    for o in 0..<oc / 16 {
                        for kx in 0..<g.kernelWidth {
                            let inside = horizontal.outputs(ofTap: kx)
                            let start = max(x0, inside.lowerBound)
                            let pixels = min(x0 + chunk, inside.upperBound) - start
                            if pixels <= 0 { continue }
                            let (runs, length) = dense ? (1, pixels * n) : (pixels, n)
                            let a = row + (start * g.strideX + kx - g.padLeft) * n * ic
                            let b = gradient + (y * g.convWidth + start) * n * oc + o * 16
                            let tap = (o * g.kernelHeight + ky) * g.kernelWidth + kx
                            for i in stride(from: 0, to: ic, by: R) {
                                let sum = weights + (tap * ic + i) * 16
                                var acc: Line<R> = load(sum, 16)
                                for p in 0..<runs {
                                    outer(
                                        &acc, a + p * g.strideX * n * ic + i, ic, length,
                                        b + p * n * oc, oc)
                                }
                                store(acc, sum, 16)
                            }
                        }
                    }
                }
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
