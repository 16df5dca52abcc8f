// SPDX-License-Identifier: Apache-2.0
//
// A small convolution of each kind, forward and backward, digested: two kernel sets that disagree on one
// bit of it do not compute alike.

import Tensors

enum SelfCheck {
    /// A digest of what `kernels` make of a few fixed layers; a few milliseconds.
    static func digest(_ kernels: KernelSet) -> UInt64 {
        layers.reduce(0xCBF2_9CE4_8422_2325) { run($1, kernels, digest: $0) }
    }

    private static let layers = [
        ConvGeometry(
            images: 8, inputHeight: 9, inputWidth: 7, inputChannels: 3, outputChannels: 32,
            kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, convHeight: 9, convWidth: 7,
            activation: .relu, pooled: true, algorithm: .narrow, needsInputGradient: false),
        ConvGeometry(
            images: 8, inputHeight: 7, inputWidth: 8, inputChannels: 16, outputChannels: 32,
            kernelHeight: 3, kernelWidth: 3, convHeight: 5, convWidth: 6, activation: .relu,
            algorithm: .winograd),
        ConvGeometry(
            images: 8, inputHeight: 6, inputWidth: 5, inputChannels: 32, outputChannels: 16,
            kernelHeight: 4, kernelWidth: 3, strideY: 2, strideX: 1, padTop: 1, padLeft: 1,
            convHeight: 3, convWidth: 5, activation: .relu),
    ]

    private static func run(
        _ g: ConvGeometry, _ kernels: KernelSet, digest: UInt64
    ) -> UInt64 {
        let input = noise(g.inputCount, 1), weights = noise(g.weightCount, 2)
        let bias = noise(g.outputChannels, 3), outputGradient = noise(g.outputCount, 4)
        let prepared = AlignedBuffer<Float>(count: g.preparedCount)
        let kept = AlignedBuffer<Float>(count: g.keptCount)
        let scratch = AlignedBuffer<Float>(count: g.scratchCount)
        let output = AlignedBuffer<Float>(count: g.outputCount)
        let argmax = AlignedBuffer<UInt8>(count: g.argmaxCount)
        let inputGradient = AlignedBuffer<Float>(count: g.needsInputGradient ? g.inputCount : 0)
        let weightGradient = AlignedBuffer<Float>(count: g.weightSumCount)
        let biasGradient = AlignedBuffer<Float>(count: g.outputChannels)

        kernels.convPrepare(g, Floats(weights.elements), into: prepared.elements)
        let operands = ConvOperands(
            input: Floats(input.elements), weights: Floats(weights.elements),
            prepared: Floats(prepared.elements), bias: Floats(bias.elements), kept: kept.elements,
            scratch: scratch.elements)
        kernels.convForward(g, operands, into: output.elements, argmax: argmax.elements)
        kernels.convBackward(
            g, operands,
            ConvGradients(
                output: Floats(output.elements), outputGradient: outputGradient.elements,
                inputGradient: inputGradient.elements, weights: weightGradient.elements,
                bias: biasGradient.elements), argmax: Bytes(argmax.elements))
        return [output, inputGradient, weightGradient, biasGradient].reduce(digest) {
            digest, buffer in
            buffer.elements.reduce(digest) { ($0 ^ UInt64($1.bitPattern)) &* 0x0100_0000_01B3 }
        }
    }

    private static func noise(_ count: Int, _ stream: UInt32) -> AlignedBuffer<Float> {
        let buffer = AlignedBuffer<Float>(count: count)
        let philox = Philox(seed: 0, purpose: .initialWeights, stream)
        for i in 0..<count {
            buffer.base[i] = philox.words(UInt64(i / 4))[i % 4].unitFloat * 2 - 1
        }
        return buffer
    }
}
