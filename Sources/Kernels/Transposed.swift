// SPDX-License-Identifier: Apache-2.0
//
// Transposed convolution: a direct one the other way, each pass of it the other's.

import Tensors

enum Transposed {
    /// out[y', x', n, o] = epilogue(Σ in[y, x, n, c] * w[ky, kx, o, c])
    static func forward(_ g: ConvGeometry, _ operands: ConvOperands, into output: Target) {
        Direct.inputGradient(
            g.reversed, operands.input.baseAddress!, operands.prepared.baseAddress!,
            Epilogue(g, operands, output), into: output)
    }

    static func backward(
        _ g: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        Direct.biasGradient(g, gradients)
        Direct.add(
            g.reversed, Direct.Rows(gradient, operands.input.baseAddress!),
            0..<g.inputChannels / 16, to: gradients.weights.baseAddress!)
        if g.needsInputGradient {
            Direct.forward(
                g.reversed, gradient, operands.weights.baseAddress!,
                Epilogue(adding: gradients.addsToInput),
                into: gradients.inputGradient.baseAddress!)
        }
    }
}
