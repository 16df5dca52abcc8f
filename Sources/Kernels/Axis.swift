// SPDX-License-Identifier: Apache-2.0
//
// Which outputs read which inputs along one axis of a window. Taps outside the image are left out.

import Tensors

/// Output `o` reads input `o * stride - pad + tap * dilation` for each tap below `window`. Either the stride
/// or the dilation is 1.
struct Axis {
    var input: Int, output: Int, window: Int, stride: Int, pad: Int
    var dilation = 1

    /// The taps of an output that lie inside the image.
    @inline(always) func taps(ofOutput o: Int) -> Range<Int> {
        let first = upward(max(0, pad - o * stride))
        return first..<max(first, min(window, upward(input + pad - o * stride)))
    }

    /// The taps through which some output reads an input: every `stride`-th from the first on.
    @inline(always) func taps(ofInput i: Int) -> (first: Int, end: Int) {
        let reach = i + pad, excess = reach - (output - 1) * stride
        // Not below the tap of the last output, and congruent to `reach`.
        return (excess > 0 ? upward(excess) : reach % stride, min(window, upward(reach + 1)))
    }

    /// The output that reads an input through a tap, one of those above; by the next of them it is that
    /// `dilation` before.
    @inline(always) func output(ofInput i: Int, tap: Int) -> Int {
        (i + pad - tap * dilation) / stride
    }

    /// A distance in taps, rounded up.
    @inline(always) private func upward(_ distance: Int) -> Int {
        dilation == 1 ? distance : (distance + dilation - 1) / dilation
    }

    /// The outputs whose `tap` lies inside the image.
    @inline(always) func outputs(ofTap tap: Int) -> Range<Int> {
        let shift = pad - tap * dilation
        let first = max(0, (shift + stride - 1) / stride), reach = input - 1 + shift
        return first..<max(first, reach < 0 ? 0 : min(output, reach / stride + 1))
    }

    /// The outputs that read an input, ascending.
    @inline(always) func outputs(ofInput i: Int) -> Range<Int> {
        let reach = i + pad
        let first = reach < window ? 0 : (reach - window) / stride + 1
        return first..<max(first, min(output, reach / stride + 1))
    }
}

extension ConvGeometry {
    @inline(always) var vertical: Axis {
        Axis(
            input: inputHeight, output: convHeight, window: kernelHeight, stride: strideY,
            pad: padTop, dilation: dilationY)
    }
    @inline(always) var horizontal: Axis {
        Axis(
            input: inputWidth, output: convWidth, window: kernelWidth, stride: strideX,
            pad: padLeft, dilation: dilationX)
    }
}

extension PoolGeometry {
    @inline(always) var vertical: Axis {
        Axis(
            input: inputHeight, output: outputHeight, window: windowHeight, stride: strideY,
            pad: padTop)
    }
    @inline(always) var horizontal: Axis {
        Axis(
            input: inputWidth, output: outputWidth, window: windowWidth, stride: strideX,
            pad: padLeft)
    }
}
