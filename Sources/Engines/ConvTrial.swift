// SPDX-License-Identifier: Apache-2.0
//
// One convolution run through all its passes on made-up numbers: what self-checks and tests compare.

import Tensors

/// The operands of a convolution, and after `run` its results.
package final class ConvTrial {
    package let geometry: ConvGeometry
    package let input, weights, bias, outputGradient: AlignedBuffer<Float>
    package let output, inputGradient, biasGradient: AlignedBuffer<Float>
    package let argmax: AlignedBuffer<UInt8>
    /// In the layout of the weights, after `convFinish` where the algorithm needs it.
    package let weightGradient: AlignedBuffer<Float>
    /// Whether the backward pass adds the input's gradient to what is there.
    package var addsToInput = false
    /// Whether the weight gradient is that of the trial alone, whatever was there before.
    package var startsSum = false
    /// Whether anybody wants the gradient of the bias.
    package var hasBias = true
    private let prepared, kept, scratch, accumulator: AlignedBuffer<Float>
    /// The block of the shard that the passes are for.
    private var block = 0

    /// - Parameter noise: The value of an element of a buffer, given the buffer's number.
    package init(_ geometry: ConvGeometry, noise: (_ stream: UInt32, _ index: Int) -> Float) {
        func filled(_ count: Int, _ stream: UInt32) -> AlignedBuffer<Float> {
            let buffer = AlignedBuffer<Float>(count: count)
            for i in 0..<count { buffer.base[i] = noise(stream, i) }
            return buffer
        }
        self.geometry = geometry
        input = filled(geometry.inputCount, 1)
        weights = filled(geometry.weightCount, 2)
        if !geometry.areGroupsAligned, geometry.algorithm == .direct {
            // Between channels of different groups there are no weights.
            let depth = geometry.inputDepth, taps = geometry.kernelHeight * geometry.kernelWidth
            for i in 0..<geometry.weightCount {
                let block = i / (taps * depth * 16), row = i / 16 % depth
                let channel = geometry.inputStart(ofBlock: block) + row
                if !geometry.outputs(ofInput: channel).contains(block * 16 + i % 16) {
                    weights.base[i] = 0
                }
            }
        }
        bias = filled(geometry.outputChannels, 3)
        outputGradient = filled(geometry.outputCount, 4)
        output = AlignedBuffer(count: geometry.outputCount)
        argmax = AlignedBuffer(count: geometry.argmaxCount)
        inputGradient = AlignedBuffer(
            count: geometry.needsInputGradient ? geometry.inputCount : 0)
        weightGradient = AlignedBuffer(count: geometry.weightCount)
        biasGradient = AlignedBuffer(count: geometry.outputChannels)
        prepared = AlignedBuffer(count: geometry.preparedCount)
        kept = AlignedBuffer(count: geometry.keptCount)
        scratch = AlignedBuffer(count: geometry.scratchCount)
        accumulator = AlignedBuffer(count: geometry.accumulatorCount)
    }

    /// Forward and backward, once. The output's gradient is used up.
    package func run(_ kernels: KernelSet) {
        prepare(kernels)
        pass(kernels)
        finish(kernels)
    }

    /// Forward and backward of another block of the shard.
    package func pass(_ kernels: KernelSet, block: Int = 0) {
        self.block = block
        forward(kernels)
        backward(kernels)
    }

    package func forward(_ kernels: KernelSet) {
        kernels.convForward(geometry, operands, into: output.elements, argmax: argmax.elements)
    }

    package func backward(_ kernels: KernelSet) {
        kernels.convBackward(geometry, operands, gradients, argmax: Bytes(argmax.elements))
    }

    package func prepare(_ kernels: KernelSet) {
        kernels.convPrepare(geometry, Floats(weights.elements), into: prepared.elements)
    }

    package func finish(_ kernels: KernelSet) {
        kernels.convFinish(
            geometry, Floats(accumulator.elements), blocks: block + 1, scratch: scratch.elements,
            adding: !startsSum, into: weightGradient.elements)
    }

    package var operands: ConvOperands {
        ConvOperands(
            input: Floats(input.elements), weights: Floats(weights.elements),
            prepared: Floats(prepared.elements), bias: Floats(bias.elements),
            kept: geometry.kept(kept.elements, orIn: accumulator.elements, block: block),
            scratch: scratch.elements)
    }

    package var gradients: ConvGradients {
        ConvGradients(
            output: Floats(output.elements), outputGradient: outputGradient.elements,
            inputGradient: inputGradient.elements, addsToInput: addsToInput,
            weights: geometry.weightSums(
                weightGradient.elements, orIn: accumulator.elements, block: block),
            startsSum: startsSum,
            bias: hasBias ? biasGradient.elements : MutableFloats(start: nil, count: 0))
    }

    /// A digest of every bit of the results (FNV-1a over their words).
    package var digest: UInt64 {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for buffer in [output, inputGradient, weightGradient, biasGradient] {
            for value in buffer.elements {
                digest = (digest ^ UInt64(value.bitPattern)) &* 0x0100_0000_01B3
            }
        }
        for choice in argmax.elements { digest = (digest ^ UInt64(choice)) &* 0x0100_0000_01B3 }
        return digest
    }
}
