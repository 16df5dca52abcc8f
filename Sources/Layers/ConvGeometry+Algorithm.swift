// SPDX-License-Identifier: Apache-2.0
//
// Which algorithm computes which convolution, and what it leaves for the backward pass.

import Tensors

extension ConvGeometry {
    /// The algorithm of a convolution, a function of its shape alone.
    ///
    /// Another algorithm adds in another order and so gives other bits: what is chosen here is part of
    /// the arithmetic, and never depends on the machine, on a timing or on the number of threads.
    ///
    /// | convolution | algorithm |
    /// |---|---|
    /// | of each channel for itself, one filter each | `depthwise` |
    /// | of channels in other groups | `direct`, on the channels that 16 filters read |
    /// | of images with 1 to 4 channels | `narrow` |
    /// | 3x3, stride and dilation 1, at least 3x3 outputs, channels in 16s | `winograd`, unless switched off |
    /// | all others, dense layers among them | `direct` |
    ///
    /// Below 3x3 outputs a Winograd tile costs 36 multiply-adds where the direct sum, which skips taps
    /// beyond the border, costs at most 16. `numerics: {winograd: false}` in a job takes `direct` for all of
    /// them; the job's identity holds the field, since the bits are others.
    ///
    /// What Winograd costs in accuracy: for operands in [-1, 1) and sums of k products no output and no
    /// gradient is off by more than 4 (k + 24) 2^-24, where direct sums stay below (k + 1) 2^-24. Over
    /// the root mean square of the results the largest error is below 1e-5, and below four times that
    /// of the direct sum, in all three passes. (`ConvolutionTests` measures both against sums in
    /// double precision.)
    package func table(winograd: Bool) -> Algorithm {
        if let groups { return groups.inputs == 1 && groups.outputs == 1 ? .depthwise : .direct }
        if hasNarrowInput { return .narrow }
        guard kernelHeight == 3, kernelWidth == 3, strideY == 1, strideX == 1, dilationY == 1,
            dilationX == 1
        else { return .direct }
        return winograd && convHeight >= 3 && convWidth >= 3 ? .winograd : .direct
    }

    /// Whether the backward pass reads the input again, or only what the forward pass kept of it.
    var rereadsInput: Bool { algorithm != .winograd && !sumsAtOnce }

    /// Whether the backward pass reads the output again, to see where ReLU stopped the signal. A fused
    /// pool remembers that in its argmax.
    var rereadsOutput: Bool { activation != .linear && !pooled }

    /// Whether a ReLU, or a 2x2 pool after it, can still become part of this convolution.
    var canFuseReLU: Bool { activation == .linear && !pooled }
    var canFusePool: Bool {
        activation == .relu && !pooled && (algorithm == .narrow || algorithm == .winograd)
            && convHeight > 1 && convWidth > 1
    }
}
