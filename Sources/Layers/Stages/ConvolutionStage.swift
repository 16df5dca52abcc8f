// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A convolution or dense layer with its bias, ReLU and, where it is fused, the pool after it.
struct ConvolutionStage: Stage {
    let layer: Int
    var geometry: ConvGeometry
    let kernel: Range<Int>
    /// Follows the kernel in the flat buffer; empty without one.
    let bias: Range<Int>

    var summary: String {
        let size = "\(geometry.kernelHeight)x\(geometry.kernelWidth)"
        let isDilated = geometry.dilationY > 1 || geometry.dilationX > 1
        let dilated = isDilated ? " dilated" : ""
        let groups = geometry.algorithm == .direct ? geometry.groups : nil
        let apart = groups.map { " in \($0.count) groups" } ?? ""
        return "\(geometry.algorithm) \(size)" + dilated + apart + geometry.activation.summary
            + (geometry.pooled ? ", pool" : "")
    }

    var needs: StageNeeds {
        StageNeeds(
            input: geometry.inputCount, output: geometry.outputCount,
            kept: geometry.sumsAtOnce ? 0 : geometry.keptCount,
            marks: geometry.argmaxCount, scratch: geometry.scratchCount,
            accumulator: geometry.accumulatorCount, rereadsInput: geometry.rereadsInput,
            rereadsOutput: geometry.rereadsOutput)
    }

    var parameterRange: Range<Int> { kernel.lowerBound..<bias.upperBound }
    var preparedCount: Int { geometry.preparedCount }
    var finishedRange: Range<Int> { geometry.accumulatorCount > 0 ? kernel : 0..<0 }

    var withoutBackward: any Stage {
        var stage = self
        stage.geometry.keepsInput = false
        return stage
    }

    func prepare(_ kernels: KernelSet, from weights: Floats, into prepared: MutableFloats) {
        kernels.convPrepare(geometry, weights.slice(kernel), into: prepared)
    }

    func forward(_ block: Block, _ memory: StageMemory) {
        block.kernels.convForward(
            geometry, operands(block, memory), into: memory.output, argmax: memory.marks)
    }

    func backward(_ block: Block, _ memory: StageMemory) {
        let gradients = ConvGradients(
            output: Floats(memory.output), outputGradient: memory.outputGradient,
            inputGradient: memory.inputGradient, addsToInput: memory.addsToInput,
            weights: geometry.weightSums(
                block.gradient.slice(kernel), orIn: memory.accumulator, block: block.number),
            startsSum: block.number == 0,
            bias: bias.isEmpty ? unwanted(memory) : block.gradient.slice(bias))
        block.kernels.convBackward(
            geometry, operands(block, memory), gradients, argmax: Bytes(memory.marks))
    }

    /// Where the gradient of a bias goes that the layer does not have.
    private func unwanted(_ memory: StageMemory) -> MutableFloats {
        geometry.sumsBiasApart
            ? MutableFloats(start: nil, count: 0)
            : memory.sink.slice(0..<geometry.outputChannels)
    }

    func finish(_ block: Block, _ memory: StageMemory) {
        block.kernels.convFinish(
            geometry, Floats(memory.accumulator), blocks: block.number + 1,
            scratch: memory.scratch.slice(0..<geometry.scratchCount), adding: block.addsToGradient,
            into: block.gradient.slice(kernel))
    }

    func operands(_ block: Block, _ memory: StageMemory) -> ConvOperands {
        ConvOperands(
            input: Floats(memory.input), weights: block.weights.slice(kernel),
            prepared: block.prepared,
            bias: bias.isEmpty
                ? memory.zeros.slice(0..<geometry.outputChannels) : block.weights.slice(bias),
            kept: geometry.kept(memory.kept, orIn: memory.accumulator, block: block.number),
            scratch: memory.scratch)
    }
}
