// SPDX-License-Identifier: Apache-2.0
//
// The convolutions of the tests: named corners, and random ones from a seed.

import Tensors
import Testing

extension ConvGeometry: CustomTestStringConvertible {
    public var testDescription: String {
        "\(algorithm) \(inputHeight)x\(inputWidth)x\(inputChannels) by \(kernelHeight)x\(kernelWidth)/"
            + "\(strideY)x\(strideX) pad \(padTop)x\(padLeft) to \(convHeight)x\(convWidth)x"
            + "\(outputChannels) \(activation)\(pooled ? " pooled" : "") of \(images)"
    }

    /// "valid" or "same" as in Keras, for any stride.
    static func keras(
        _ height: Int, _ width: Int, _ inputChannels: Int, to outputChannels: Int,
        kernel: (Int, Int) = (3, 3), stride: (Int, Int) = (1, 1), same: Bool = false,
        images: Int = 8, relu: Bool = true, pooled: Bool = false, _ algorithm: Algorithm = .direct
    ) -> ConvGeometry {
        func axis(_ input: Int, _ kernel: Int, _ stride: Int) -> (output: Int, pad: Int) {
            guard same else { return ((input - kernel) / stride + 1, 0) }
            let output = (input + stride - 1) / stride
            return (output, max(0, (output - 1) * stride + kernel - input) / 2)
        }
        let down = axis(height, kernel.0, stride.0), across = axis(width, kernel.1, stride.1)
        return ConvGeometry(
            images: images, inputHeight: height, inputWidth: width, inputChannels: inputChannels,
            outputChannels: outputChannels, kernelHeight: kernel.0, kernelWidth: kernel.1,
            strideY: stride.0, strideX: stride.1, padTop: down.pad, padLeft: across.pad,
            convHeight: down.output, convWidth: across.output, activation: relu ? .relu : .linear,
            pooled: pooled, algorithm: algorithm, needsInputGradient: inputChannels >= 16)
    }

    static let named: [ConvGeometry] = [
        .keras(5, 6, 16, to: 32),
        .keras(5, 4, 32, to: 16, same: true, relu: false),
        .keras(9, 8, 16, to: 16, kernel: (5, 3), stride: (2, 3), same: true, images: 16),
        .keras(7, 7, 16, to: 16, kernel: (1, 1), stride: (2, 2)),
        .keras(8, 5, 16, to: 16, kernel: (2, 2), stride: (3, 3)),
        .keras(4, 4, 32, to: 16, kernel: (4, 4)),
        .keras(2, 2, 16, to: 16, same: true),
        .keras(9, 7, 1, to: 16, kernel: (5, 5), same: true, .narrow),
        .keras(9, 7, 3, to: 48, kernel: (5, 4), stride: (2, 2), .narrow),
        .keras(6, 6, 2, to: 16, kernel: (6, 6), relu: false, .narrow),
        .keras(5, 5, 4, to: 16, kernel: (3, 3), stride: (2, 1), same: true, .narrow),
        .keras(5, 3, 1, to: 32, kernel: (1, 1), stride: (3, 2), .narrow),
        .keras(9, 8, 1, to: 32, kernel: (5, 5), same: true, pooled: true, .narrow),
        .keras(11, 9, 3, to: 48, kernel: (3, 2), stride: (1, 2), same: true, pooled: true, .narrow),
        .keras(7, 6, 1, to: 16, pooled: true, .narrow),
        .keras(8, 7, 3, to: 32, same: true, pooled: true, .narrow),
        .keras(6, 5, 3, to: 16, same: true, .narrow),
        .keras(6, 5, 2, to: 16, images: 24, relu: false, .narrow),
        .keras(6, 9, 4, to: 16, images: 16, pooled: true, .narrow),
        .keras(7, 8, 16, to: 32, .winograd),
        .keras(5, 7, 32, to: 16, same: true, relu: false, .winograd),
        .keras(9, 11, 16, to: 16, images: 16, pooled: true, .winograd),
        .keras(7, 5, 16, to: 48, same: true, pooled: true, .winograd),
        .keras(3, 3, 16, to: 16, images: 40, .winograd),
        .keras(1, 2, 16, to: 16, same: true, .winograd),
        // Few rows and wide layers: the weight gradient is summed at once.
        .keras(4, 4, 32, to: 48, kernel: (4, 4)),
        .keras(1, 2, 32, to: 48, same: true),
        .keras(4, 4, 64, to: 64, same: true, .winograd),
        .keras(3, 6, 80, to: 80, same: true, relu: false, .winograd),
        .keras(6, 4, 64, to: 96, pooled: true, .winograd),
    ]

    /// A small convolution of some kind, with odd extents as likely as even ones.
    static func random(seed: Int) -> ConvGeometry {
        var noise = Noise(seed: seed)
        let algorithm = noise.pick(Algorithm.allCases)
        let threes = algorithm == .winograd, narrow = algorithm == .narrow
        let kernel = threes ? (3, 3) : (noise.integer(1...5), noise.integer(1...5))
        let stride = threes ? (1, 1) : (noise.integer(1...3), noise.integer(1...3))
        let pooled = algorithm != .direct && noise.integer(0...1) == 0
        return .keras(
            noise.integer(8...14), noise.integer(8...14),
            narrow ? noise.integer(1...4) : 16 * noise.integer(1...3),
            to: 16 * noise.integer(1...3), kernel: kernel, stride: stride,
            same: noise.integer(0...1) == 0, images: 8 * noise.integer(1...3),
            relu: pooled || noise.integer(0...3) > 0, pooled: pooled, algorithm)
    }
}
