// SPDX-License-Identifier: Apache-2.0
//
// A small convolution of each kind: two kernel sets that disagree on one bit of it compute differently.

import Tensors

enum SelfCheck {
    /// A digest of what `kernels` make of a few fixed layers, in a few milliseconds.
    static func digest(_ kernels: KernelSet) -> UInt64 {
        layers.reduce(0) { digest, layer in
            let philox = Philox(seed: 0, purpose: .initialWeights)
            let trial = ConvTrial(layer) { stream, index in
                philox.words(UInt64(stream) << 32 | UInt64(index))[0].unitFloat * 2 - 1
            }
            trial.run(kernels)
            return digest &* 31 ^ trial.digest
        }
    }

    private static let layers = dense + grouped + [transposed]

    private static let dense = [
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

    private static let grouped = [
        (16, ConvGeometry.Groups(16, inputs: 1, outputs: 1), ConvGeometry.Algorithm.depthwise),
        (32, ConvGeometry.Groups(3, inputs: 7, outputs: 5), .direct),
        // Lanes that find their channels, in three ways.
        (16, ConvGeometry.Groups(4, inputs: 4, outputs: 4), .direct),
        (16, ConvGeometry.Groups(16, inputs: 1, outputs: 2), .direct),
    ].map { channels, groups, algorithm in
        let filters = groups.count * groups.outputs
        var layer = ConvGeometry(
            images: 8, inputHeight: 6, inputWidth: 7, inputChannels: channels,
            outputChannels: (filters + 15) / 16 * 16,
            kernelHeight: 3, kernelWidth: 4, padTop: 1, padLeft: 3, convHeight: 6, convWidth: 7,
            activation: .relu, algorithm: algorithm)
        layer.dilationX = 2
        layer.groups = groups
        return layer
    }

    private static let transposed = ConvGeometry(
        images: 8, inputHeight: 4, inputWidth: 3, inputChannels: 16, outputChannels: 32,
        kernelHeight: 3, kernelWidth: 2, strideY: 2, strideX: 3, padTop: 0, padLeft: 0,
        convHeight: 8, convWidth: 9, activation: .relu, algorithm: .transposed)
}
