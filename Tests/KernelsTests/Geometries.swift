// SPDX-License-Identifier: Apache-2.0
//
// The convolutions of the tests: named corners, and random ones from a seed.

import Tensors
import Testing

extension ConvGeometry: CustomTestStringConvertible {
    public var testDescription: String {
        "\(algorithm) \(inputHeight)x\(inputWidth)x\(inputChannels) by \(kernelHeight)x\(kernelWidth)/"
            + "\(strideY)x\(strideX) dilated \(dilationY)x\(dilationX) pad \(padTop)x\(padLeft) to \(convHeight)x\(convWidth)x"
            + "\(outputChannels) \(activation)\(pooled ? " pooled" : "") of \(images)"
            + (groups.map { " \($0)" } ?? "")
    }

    /// "valid" or "same" as in Keras, for any stride.
    static func keras(
        _ height: Int, _ width: Int, _ inputChannels: Int, to outputChannels: Int,
        kernel: (Int, Int) = (3, 3), stride: (Int, Int) = (1, 1), dilation: (Int, Int) = (1, 1),
        same: Bool = false, images: Int = 8, relu: Bool = true, ceiling: Float = .infinity,
        pooled: Bool = false, _ algorithm: Algorithm = .direct
    ) -> ConvGeometry {
        func axis(
            _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int
        ) -> (output: Int, pad: Int) {
            if algorithm == .transposed {
                return same
                    ? (input * stride, max(0, kernel - stride) / 2)
                    : (input * stride + max(0, kernel - stride), 0)
            }
            let window = (kernel - 1) * dilation + 1
            guard same else { return ((input - window) / stride + 1, 0) }
            let output = (input + stride - 1) / stride
            return (output, max(0, (output - 1) * stride + window - input) / 2)
        }
        let down = axis(height, kernel.0, stride.0, dilation.0)
        let across = axis(width, kernel.1, stride.1, dilation.1)
        var geometry = ConvGeometry(
            images: images, inputHeight: height, inputWidth: width, inputChannels: inputChannels,
            outputChannels: outputChannels, kernelHeight: kernel.0, kernelWidth: kernel.1,
            strideY: stride.0, strideX: stride.1, padTop: down.pad, padLeft: across.pad,
            convHeight: down.output, convWidth: across.output,
            activation: relu ? .rectified(ceiling: ceiling) : .linear,
            pooled: pooled, algorithm: algorithm, needsInputGradient: inputChannels >= 16)
        (geometry.dilationY, geometry.dilationX) = dilation
        if algorithm == .depthwise {
            geometry.groups = Groups(inputChannels, inputs: 1, outputs: 1)
        }
        return geometry
    }

    /// Of channels that users count.
    static func grouped(
        _ height: Int, _ width: Int, _ groups: Groups, kernel: (Int, Int) = (3, 3),
        stride: (Int, Int) = (1, 1), dilation: (Int, Int) = (1, 1), same: Bool = false,
        images: Int = 8, relu: Bool = true, ceiling: Float = .infinity
    ) -> ConvGeometry {
        func stored(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
        var geometry = keras(
            height, width, stored(groups.count * groups.inputs),
            to: stored(groups.count * groups.outputs), kernel: kernel, stride: stride,
            dilation: dilation, same: same, images: images, relu: relu, ceiling: ceiling)
        geometry.groups = groups
        return geometry
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
        // Dense layers so wide that weights are transposed in passing.
        .keras(6, 8, 48, to: 128, kernel: (6, 8)),
        .keras(1, 1, 512, to: 512, kernel: (1, 1), images: 16),
        // Taps apart.
        .keras(9, 8, 16, to: 32, dilation: (2, 3)),
        .keras(7, 9, 32, to: 16, kernel: (3, 2), dilation: (3, 5), same: true, relu: false),
        .keras(2, 2, 16, to: 16, kernel: (2, 2), dilation: (5, 4), same: true),
        .keras(9, 8, 3, to: 16, dilation: (2, 2), same: true, pooled: true, .narrow),
        .keras(8, 9, 1, to: 16, kernel: (2, 4), dilation: (3, 2), .narrow),
        // Groups that lie in blocks of 16 channels, and others.
        .grouped(5, 6, Groups(2, inputs: 16, outputs: 32)),
        .grouped(5, 4, Groups(3, inputs: 32, outputs: 16), stride: (2, 1), same: true),
        .grouped(6, 5, Groups(8, inputs: 4, outputs: 4), same: true),
        .grouped(5, 5, Groups(3, inputs: 5, outputs: 7), stride: (2, 2), same: true, relu: false),
        .grouped(6, 5, Groups(17, inputs: 1, outputs: 3), kernel: (3, 2), dilation: (2, 1)),
        .grouped(4, 4, Groups(2, inputs: 24, outputs: 9), kernel: (1, 1), images: 16),
        .grouped(3, 4, Groups(5, inputs: 7, outputs: 2), kernel: (2, 2)),
        .grouped(5, 6, Groups(9, inputs: 2, outputs: 2), stride: (2, 1), same: true),
        .grouped(6, 7, Groups(11, inputs: 4, outputs: 4), kernel: (5, 4), same: true, images: 16),
        .grouped(6, 8, Groups(3, inputs: 8, outputs: 8), dilation: (1, 2), relu: false),
        .grouped(7, 6, Groups(20, inputs: 1, outputs: 2), stride: (1, 2), same: true),
        .grouped(6, 7, Groups(32, inputs: 1, outputs: 2), stride: (1, 2), same: true),
        // A filter a channel.
        .keras(6, 7, 32, to: 32, .depthwise),
        .keras(8, 7, 16, to: 16, same: true, relu: false, .depthwise),
        .keras(9, 8, 48, to: 48, stride: (2, 2), same: true, images: 16, .depthwise),
        .keras(7, 9, 16, to: 16, kernel: (5, 7), same: true, .depthwise),
        .keras(9, 9, 16, to: 16, kernel: (4, 2), stride: (1, 3), .depthwise),
        .keras(9, 20, 16, to: 16, dilation: (2, 3), same: true, .depthwise),
        .keras(2, 2, 16, to: 16, kernel: (5, 5), same: true, .depthwise),
        // The other way.
        .keras(4, 5, 16, to: 32, stride: (2, 2), same: true, .transposed),
        .keras(3, 4, 32, to: 16, kernel: (4, 3), stride: (2, 3), .transposed),
        .keras(3, 4, 16, to: 16, kernel: (2, 1), stride: (3, 2), relu: false, .transposed),
        .keras(5, 3, 16, to: 48, same: true, images: 16, .transposed),
        .keras(1, 2, 16, to: 16, kernel: (5, 4), same: true, .transposed),
        // ReLU with a ceiling, once in each.
        .keras(5, 6, 16, to: 32, ceiling: 6),
        .keras(4, 4, 32, to: 48, kernel: (4, 4), ceiling: 20),
        .keras(6, 5, 3, to: 16, same: true, ceiling: 6, .narrow),
        .keras(7, 8, 16, to: 32, ceiling: 6, .winograd),
        .grouped(6, 5, Groups(8, inputs: 4, outputs: 4), same: true, ceiling: 6),
        .keras(9, 8, 48, to: 48, stride: (2, 2), same: true, ceiling: 6, .depthwise),
        .keras(4, 5, 16, to: 32, stride: (2, 2), same: true, ceiling: 6, .transposed),
        // Depthwise: all that a run of pixels can meet, forward and back.
        .keras(6, 21, 32, to: 32, kernel: (5, 5), same: true, .depthwise),
        .keras(11, 19, 16, to: 16, kernel: (3, 3), stride: (2, 2), .depthwise),
        .keras(5, 23, 16, to: 16, kernel: (5, 5), stride: (2, 2), same: true, .depthwise),
        .keras(12, 18, 16, to: 16, kernel: (7, 7), same: true, .depthwise),
        .keras(7, 17, 16, to: 16, kernel: (2, 6), stride: (3, 3), .depthwise),
        .keras(6, 13, 16, to: 16, kernel: (1, 1), stride: (2, 2), .depthwise),
    ]

    /// A small convolution of some kind, with odd extents as likely as even ones.
    static func random(seed: Int) -> ConvGeometry {
        var noise = Noise(seed: seed)
        let algorithm = noise.pick(Algorithm.allCases)
        let threes = algorithm == .winograd, narrow = algorithm == .narrow
        let kernel = threes ? (3, 3) : (noise.integer(1...5), noise.integer(1...5))
        var stride = threes ? (1, 1) : (noise.integer(1...3), noise.integer(1...3))
        let poolable = [.narrow, .winograd].contains(algorithm)
        let pooled = poolable && noise.integer(0...1) == 0
        var dilation = (1, 1)
        if !threes, algorithm != .transposed, noise.integer(0...3) == 0 {
            dilation = (noise.integer(1...3), noise.integer(1...3))
            stride = (1, 1)
        }
        let height = noise.integer(8...14), width = noise.integer(8...14)
        let fits = (kernel.0 - 1) * dilation.0 < height && (kernel.1 - 1) * dilation.1 < width
        let same = noise.integer(0...1) == 0 || !fits
        if algorithm == .direct, noise.integer(0...1) == 0 {
            let most = noise.pick([4, 20])
            var groups = Groups(
                noise.integer(2...4), inputs: noise.integer(1...most),
                outputs: noise.pick([16, noise.integer(1...most)]))
            if noise.integer(0...1) == 0 {
                let (inputs, outputs) = noise.pick([(2, 2), (4, 4), (8, 8), (1, 2)])
                groups = Groups(noise.integer(2...16), inputs: inputs, outputs: outputs)
            }
            return .grouped(
                height, width, groups, kernel: kernel, stride: stride, dilation: dilation,
                same: same, images: 8 * noise.integer(1...3))
        }
        let channels = narrow ? noise.integer(1...4) : 16 * noise.integer(1...3)
        return .keras(
            height, width, channels,
            to: algorithm == .depthwise ? channels : 16 * noise.integer(1...3), kernel: kernel,
            stride: stride, dilation: dilation, same: same, images: 8 * noise.integer(1...3),
            relu: pooled || noise.integer(0...3) > 0,
            ceiling: !pooled && noise.integer(0...2) == 0 ? 0.75 : .infinity, pooled: pooled,
            algorithm)
    }
}
