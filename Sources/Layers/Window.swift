// SPDX-License-Identifier: Apache-2.0
//
// Where windows slide: Keras's arithmetic for kernels, strides and padding.

import Configuration

/// Height and width, as in `kernel_size: [3, 5]`. In Swift that is `[3, 5]`, too, or `3` for both.
public struct Size2D: Hashable, Sendable, CustomStringConvertible, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral
{
    public var height: Int, width: Int

    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }
    public init(_ side: Int) { self.init(side, side) }

    public init(integerLiteral side: Int) { self.init(side) }

    /// - Precondition: There are two.
    public init(arrayLiteral sides: Int...) {
        precondition(sides.count == 2, "Size2D: \(sides), expected [height, width]")
        self.init(sides[0], sides[1])
    }

    init(_ pair: (Int, Int)) { self.init(pair.0, pair.1) }

    public var description: String { "\(height)x\(width)" }

    var encoded: ConfigValue { .list([.scalar(height), .scalar(width)]) }
}

/// What happens at the borders of an image.
public enum Padding: String, Hashable, Sendable, CaseIterable {
    /// Windows lie within the image.
    case valid
    /// The output has the size of the input, divided by the stride and rounded up. As in TensorFlow an
    /// odd padding puts the larger half below and to the right.
    case same
}

/// The windows of a kernel along one axis.
struct WindowAxis {
    /// How many windows there are; zero or less if not even one fits.
    let count: Int
    /// Pixels outside the image before the first.
    let padding: Int

    init(input: Int, kernel: Int, stride: Int, padding mode: Padding) {
        switch mode {
        case .valid:
            count = input < kernel ? 0 : (input - kernel) / stride + 1
            padding = 0
        case .same:
            count = (input + stride - 1) / stride
            padding = max(0, (count - 1) * stride + kernel - input) / 2
        }
    }
}

/// The windows of a kernel over an image.
struct Windows {
    let down: WindowAxis, across: WindowAxis

    /// - Parameter dilation: From one tap of the kernel to the next.
    init(
        height: Int, width: Int, kernel: Size2D, strides: Size2D, padding: Padding,
        dilation: Size2D = Size2D(1)
    ) {
        down = WindowAxis(
            input: height, kernel: (kernel.height - 1) * dilation.height + 1,
            stride: strides.height, padding: padding)
        across = WindowAxis(
            input: width, kernel: (kernel.width - 1) * dilation.width + 1, stride: strides.width,
            padding: padding)
    }

    var fits: Bool { down.count > 0 && across.count > 0 }
}
