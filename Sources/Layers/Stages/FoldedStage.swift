// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Outside training: a convolution and the normalisation after it, which is no more than a factor and a
/// bias of the convolution's outputs.
struct FoldedStage: Stage {
    let convolution: ConvolutionStage
    let normalization: NormalizationStage

    /// - Parameter convolution: Linear, and read by nobody but `normalization`.
    init(_ convolution: ConvolutionStage, _ normalization: NormalizationStage) {
        var convolution = convolution
        convolution.geometry.activation = normalization.geometry.activation
        convolution.geometry.keepsInput = false
        self.convolution = convolution
        self.normalization = normalization
    }

    var layer: Int { convolution.layer }
    var summary: String {
        convolution.summary + ", \(normalization.geometry.hasAddend ? "add, " : "")folded"
    }

    var needs: StageNeeds {
        var needs = convolution.needs
        needs.scratch += 2 * convolution.geometry.outputChannels
        needs.inPlace = normalization.geometry.hasAddend ? 1 : nil
        return needs
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        let channels = convolution.geometry.outputChannels, first = convolution.needs.scratch
        let scale = memory.scratch.slice(first..<first + channels)
        let shift = memory.scratch.slice(first + channels..<first + 2 * channels)
        var operands = convolution.operands(block, memory)
        normalization.fold(block, bias: operands.bias, scale: scale, shift: shift)
        operands.scale = Floats(scale)
        operands.bias = Floats(shift)
        operands.addend = Floats(memory.addend)
        block.kernels.convForward(
            convolution.geometry, operands, into: memory.output, argmax: memory.marks)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        preconditionFailure("\(summary): only training has a backward pass")
    }
}
