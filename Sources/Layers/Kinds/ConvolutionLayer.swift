// SPDX-License-Identifier: Apache-2.0
//
// What convolutions have in common: Keras's fields, and where their windows lie.

import Configuration
import Tensors

/// A layer whose kernels slide over an image.
public protocol ConvolutionLayer: Layer {
    var kernelSize: Size2D { get }
    var strides: Size2D { get }
    var padding: Padding { get }
    /// Pixels from one tap of a kernel to the next.
    var dilationRate: Size2D { get }

    /// Channels that it makes of so many.
    ///
    /// - Throws: If it cannot take them.
    func filters(for channels: Int) throws(LayerError) -> Int
}

extension ConvolutionLayer {
    public func outputShape(for input: Shape) throws(LayerError) -> Shape {
        guard input.rank == 3 else {
            throw LayerError(
                code: .shapeMismatch,
                detail:
                    "\(kerasName) takes images (height, width, channels), but its input is \(input);"
                    + " put it before Flatten")
        }
        guard dilationRate == Size2D(1) || strides == Size2D(1) else {
            throw LayerError(
                code: .unsupported,
                detail:
                    "found strides \(strides) and dilation_rate \(dilationRate), but one of them"
                    + " has to be 1; let one layer stride and another one dilate")
        }
        let windows = windows(input[0], input[1])
        guard windows.fits else {
            throw LayerError(
                code: .shapeMismatch,
                detail:
                    "a \(kernelSize) kernel does not fit into the input \(input), the output would"
                    + " be empty; use a smaller kernel_size, 'padding: same' or larger images")
        }
        return [windows.down.count, windows.across.count, try filters(for: input[2])]
    }

    func windows(_ height: Int, _ width: Int) -> Windows {
        Windows(
            height: height, width: width, kernel: kernelSize, strides: strides, padding: padding,
            dilation: dilationRate)
    }
}

extension Fields {
    /// `strides`, `dilation_rate`, ...: one number or two.
    mutating func size(_ name: String, default usual: Size2D) throws(ConfigError) -> Size2D {
        Size2D(try pair(name, default: (usual.height, usual.width), in: 1...1024))
    }
}
