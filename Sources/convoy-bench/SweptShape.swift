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
    var dilation = 1
    /// As many as channels: a depthwise convolution.
    var groups = 1
    /// From the smaller image to the larger.
    var isTransposed = false

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
        // A filter a channel, as in MobileNet; two of them, and those of the images.
        .init(side: 112, input: 32, output: 32, isSame: true, groups: 32),
        .init(side: 112, input: 64, output: 64, stride: 2, isSame: true, groups: 64),
        .init(side: 56, input: 128, output: 128, isSame: true, groups: 128),
        .init(side: 28, input: 256, output: 256, isSame: true, groups: 256),
        .init(side: 14, input: 512, output: 512, isSame: true, groups: 512),
        .init(side: 14, input: 512, output: 512, stride: 2, isSame: true, groups: 512),
        .init(side: 7, input: 1024, output: 1024, isSame: true, groups: 1024),
        .init(side: 14, input: 256, output: 256, kernel: 5, isSame: true, groups: 256),
        .init(side: 14, input: 256, output: 256, kernel: 7, isSame: true, groups: 256),
        .init(side: 28, input: 64, output: 64, isSame: true, dilation: 2, groups: 64),
        .init(side: 16, input: 20, output: 20, isSame: true, groups: 20),
        .init(side: 28, input: 64, output: 128, isSame: true, groups: 64),
        .init(side: 32, input: 3, output: 12, isSame: true, groups: 3),
        // Other groups: of 64 channels, of 16, and those that cut the blocks of 16.
        .init(side: 28, input: 128, output: 128, isSame: true, groups: 2),
        .init(side: 28, input: 128, output: 128, isSame: true, groups: 8),
        .init(side: 28, input: 128, output: 128, isSame: true, groups: 32),
        .init(side: 16, input: 60, output: 60, isSame: true, groups: 3),
        // Taps apart.
        .init(side: 28, input: 64, output: 64, isSame: true, dilation: 2),
        .init(side: 14, input: 256, output: 256, isSame: true, dilation: 4),
        .init(side: 32, input: 3, output: 32, isSame: true, dilation: 2),
        // Larger images out of smaller ones.
        .init(side: 8, input: 128, output: 64, stride: 2, isSame: true, isTransposed: true),
        .init(
            side: 16, input: 64, output: 64, kernel: 4, stride: 2, isSame: true, isTransposed: true),
        .init(side: 16, input: 64, output: 64, isSame: true, isTransposed: true),
        .init(
            side: 16, input: 64, output: 3, kernel: 5, stride: 2, isSame: true, isTransposed: true),
    ]

    /// `3x3/2 16x16x64 to 8x8x128, pool`
    var title: String {
        "\(kernel)x\(kernel)" + (stride > 1 ? "/\(stride)" : "")
            + (dilation > 1 ? " dilated \(dilation)" : "") + " \(side)x\(side)x\(input) to "
            + "\(count)x\(count)x\(output)" + (isPooled ? ", pool" : "")
            + (groups > 1 ? " in \(groups) groups" : "") + (isTransposed ? ", transposed" : "")
    }

    /// As a model would compute it, 16 images at a time, with ReLU; depthwise without it, and without a bias, for
    /// a normalisation follows.
    func geometry(winograd: Bool) -> ConvGeometry {
        let large = isTransposed ? count : side, small = isTransposed ? side : count
        let padding = isSame ? max(0, (small - 1) * stride + window - large) / 2 : 0
        var geometry = ConvGeometry(
            images: 16, inputHeight: side, inputWidth: side,
            inputChannels: input <= 4 && groups == 1 && !isTransposed
                ? input : (input + 15) / 16 * 16,
            outputChannels: (output + 15) / 16 * 16, kernelHeight: kernel, kernelWidth: kernel,
            strideY: stride, strideX: stride, padTop: padding, padLeft: padding,
            convHeight: count, convWidth: count, activation: .relu, needsInputGradient: input > 5)
        (geometry.dilationY, geometry.dilationX) = (dilation, dilation)
        if groups > 1 {
            geometry.groups = ConvGeometry.Groups(
                groups, inputs: input / groups, outputs: output / groups)
        }
        geometry.algorithm = isTransposed ? .transposed : geometry.table(winograd: winograd)
        if geometry.algorithm == .depthwise { geometry.activation = .linear }
        geometry.pooled = isPooled && geometry.algorithm != .direct
        return geometry
    }

    /// FLOPs of one of the three passes over 16 images, 2 for a multiply-add: those of the direct sum,
    /// taps beyond the border included, of the channels that users count.
    var flops: Double {
        let pixels = isTransposed ? side * side : count * count
        return 2 * 16 * Double(pixels * kernel * kernel) * Double(input * output / groups)
    }

    private var window: Int { (kernel - 1) * dilation + 1 }

    /// Outputs down and across.
    private var count: Int {
        if isTransposed { return side * stride + (isSame ? 0 : max(0, kernel - stride)) }
        return isSame ? (side + stride - 1) / stride : (side - window) / stride + 1
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
        if algorithm == .transposed {
            (small.convHeight, small.inputHeight) = Self.cropped(convHeight, inputHeight, strideY)
            (small.convWidth, small.inputWidth) = Self.cropped(convWidth, inputWidth, strideX)
        } else {
            (small.inputHeight, small.convHeight) = Self.cropped(inputHeight, convHeight, strideY)
            (small.inputWidth, small.convWidth) = Self.cropped(inputWidth, convWidth, strideX)
        }
        small.inputChannels = min(inputChannels, 32)
        small.outputChannels = min(outputChannels, 32)
        if var groups = small.groups {
            // As many of them as fit, or as much of them.
            (groups.inputs, groups.outputs) = (min(groups.inputs, 16), min(groups.outputs, 16))
            groups.count = min(groups.count, 32 / max(groups.inputs, groups.outputs))
            small.inputChannels = (groups.count * groups.inputs + 15) / 16 * 16
            small.outputChannels = (groups.count * groups.outputs + 15) / 16 * 16
            small.groups = groups
        }
        return small
    }

    /// At most nine outputs, and as much less input.
    private static func cropped(
        _ input: Int, _ output: Int, _ stride: Int
    ) -> (input: Int, output: Int) {
        let less = max(0, output - 9)
        return (input - less * stride, output - less)
    }
}
