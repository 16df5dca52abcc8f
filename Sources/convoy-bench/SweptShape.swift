// SPDX-License-Identifier: Apache-2.0
//
// The convolutions that are swept: those of the models, and corners where a kernel may fall off a cliff.

import Layers
import Tensors

/// One convolution layer, as Keras describes it.
struct SweptShape {
    var side: Int
    var input: Int
    var output: Int
    var kernel = 3
    var stride = 1
    var isSame = false
    var isPooled = false

    static let all: [SweptShape] = [
        // First layers.
        .init(side: 28, input: 1, output: 32, isPooled: true),
        .init(side: 32, input: 3, output: 32, isPooled: true),
        .init(side: 150, input: 3, output: 32, isPooled: true),
        .init(side: 32, input: 3, output: 64, isSame: true),
        .init(side: 28, input: 1, output: 6, kernel: 5, isSame: true, isPooled: true),
        .init(side: 28, input: 1, output: 32, kernel: 5),
        .init(side: 64, input: 3, output: 64, kernel: 7, stride: 2, isSame: true),
        .init(side: 28, input: 1, output: 128, kernel: 28),
        .init(side: 32, input: 5, output: 32, isSame: true),
        // Large maps.
        .init(side: 90, input: 16, output: 32, isSame: true, isPooled: true),
        .init(side: 74, input: 32, output: 64, isPooled: true),
        .init(side: 56, input: 64, output: 64, isSame: true),
        // The middle of a network.
        .init(side: 15, input: 32, output: 64, isPooled: true),
        .init(side: 16, input: 128, output: 128, isSame: true),
        .init(side: 8, input: 256, output: 256, isSame: true),
        // Small maps.
        .init(side: 6, input: 64, output: 64),
        .init(side: 4, input: 512, output: 512, isSame: true),
        .init(side: 2, input: 512, output: 512, isSame: true),
        // Channels that fill no 16.
        .init(side: 14, input: 6, output: 16, kernel: 5, isPooled: true),
        .init(side: 16, input: 33, output: 50, isSame: true),
        .init(side: 16, input: 48, output: 48, isSame: true),
        .init(side: 16, input: 48, output: 48, kernel: 1),
        // Other kernels and strides.
        .init(side: 16, input: 64, output: 64, kernel: 1),
        .init(side: 8, input: 256, output: 1024, kernel: 1),
        .init(side: 16, input: 64, output: 64, kernel: 5, isSame: true),
        .init(side: 16, input: 64, output: 64, kernel: 7, isSame: true),
        .init(side: 16, input: 64, output: 128, stride: 2, isSame: true),
        .init(side: 16, input: 64, output: 128, kernel: 1, stride: 2),
        // Where the residual network halves its maps.
        .init(side: 32, input: 64, output: 128, stride: 2, isSame: true),
        .init(side: 32, input: 64, output: 128, kernel: 1, stride: 2),
        .init(side: 16, input: 128, output: 256, stride: 2, isSame: true),
        .init(side: 16, input: 128, output: 256, kernel: 1, stride: 2),
        .init(side: 8, input: 256, output: 512, stride: 2, isSame: true),
        .init(side: 8, input: 256, output: 512, kernel: 1, stride: 2),
        // Dense layers: the kernel is the image.
        .init(side: 4, input: 64, output: 64, kernel: 4),
        .init(side: 1, input: 512, output: 512, kernel: 1),
        .init(side: 1, input: 512, output: 10, kernel: 1),
    ]

    /// `3x3/2 16x16x64 to 8x8x128, pool`
    var title: String {
        "\(kernel)x\(kernel)" + (stride > 1 ? "/\(stride)" : "") + " \(side)x\(side)x\(input) to "
            + "\(count)x\(count)x\(output)" + (isPooled ? ", pool" : "")
    }

    /// As a model would compute it, 16 images at a time, with ReLU.
    func geometry(winograd: Bool) -> ConvGeometry {
        let padding = isSame ? max(0, (count - 1) * stride + kernel - side) / 2 : 0
        var geometry = ConvGeometry(
            images: 16, inputHeight: side, inputWidth: side,
            inputChannels: input <= 4 ? input : (input + 15) / 16 * 16,
            outputChannels: (output + 15) / 16 * 16, kernelHeight: kernel, kernelWidth: kernel,
            strideY: stride, strideX: stride, padTop: padding, padLeft: padding,
            convHeight: count, convWidth: count, activation: .relu, needsInputGradient: input > 5)
        geometry.algorithm = geometry.table(winograd: winograd)
        geometry.pooled = isPooled && geometry.algorithm != .direct
        return geometry
    }

    /// FLOPs of one of the three passes over 16 images, 2 for a multiply-add: those of the direct sum,
    /// taps beyond the border included, of the channels that users count.
    var flops: Double {
        2 * 16 * Double(count * count * kernel * kernel) * Double(input * output)
    }

    /// Outputs down and across.
    private var count: Int {
        isSame ? (side + stride - 1) / stride : (side - kernel) / stride + 1
    }
}

extension ConvGeometry {
    /// `winograd 15x15x32 3x3 to 13x13x64 pooled`
    var title: String {
        "\(algorithm) \(inputHeight)x\(inputWidth)x\(inputChannels) \(kernelHeight)x\(kernelWidth)"
            + (strideY > 1 ? "/\(strideY)" : "") + " to \(convHeight)x\(convWidth)x"
            + "\(outputChannels)" + (pooled ? " pooled" : "")
    }

    /// A convolution of the same kind that is small enough for a naive reference.
    var cousin: ConvGeometry {
        var small = self
        small.images = 8
        (small.inputHeight, small.convHeight) = Self.cropped(
            inputHeight, convHeight, kernelHeight, strideY)
        (small.inputWidth, small.convWidth) = Self.cropped(
            inputWidth, convWidth, kernelWidth, strideX)
        small.inputChannels = min(inputChannels, 32)
        small.outputChannels = min(outputChannels, 32)
        return small
    }

    /// At most nine outputs, and as much less input.
    private static func cropped(
        _ input: Int, _ output: Int, _ kernel: Int, _ stride: Int
    ) -> (input: Int, output: Int) {
        let less = max(0, output - 9)
        return (input - less * stride, output - less)
    }
}
