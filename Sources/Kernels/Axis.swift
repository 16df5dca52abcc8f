// SPDX-License-Identifier: Apache-2.0
//
// Which outputs read which inputs along one axis of a window. Taps outside the image are left out.

import Tensors

/// Output `o` reads input `o * stride - pad + tap` for each tap below `window`.
struct Axis {
    var input: Int, output: Int, window: Int, stride: Int, pad: Int

    /// The taps of an output that lie inside the image.
    @inline(always) func taps(ofOutput o: Int) -> Range<Int> {
        let first = max(0, pad - o * stride)
        return first..<max(first, min(window, input + pad - o * stride))
    }

    /// The taps through which some output reads an input: every `stride`-th from the first on.
    @inline(always) func taps(ofInput i: Int) -> (first: Int, end: Int) {
        let reach = i + pad, excess = reach - (output - 1) * stride
        // Not below the tap of the last output, and congruent to `reach`.
        return (excess > 0 ? excess : reach % stride, min(window, reach + 1))
    }

    /// The outputs whose `tap` lies inside the image.
    @inline(always) func outputs(ofTap tap: Int) -> Range<Int> {
        let first = max(0, (pad - tap + stride - 1) / stride), reach = input - 1 + pad - tap
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
            pad: padTop)
    }
    @inline(always) var horizontal: Axis {
        Axis(
            input: inputWidth, output: convWidth, window: kernelWidth, stride: strideX,
            pad: padLeft)
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
