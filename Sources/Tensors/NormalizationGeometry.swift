// SPDX-License-Identifier: Apache-2.0
//
// The extents of one batch normalisation over one block of images, and what it reads and writes.

/// Batch normalisation with the statistics of its block, and what may follow in the same pass: the
/// addition of a residual branch, and ReLU.
///
///     y = activation(gamma * (x - mean) / sqrt(variance + epsilon) + beta + addend)
///
/// Values are `[group][pixel][image][channel]`; mean and variance are those of one channel of one group,
/// over the group's pixels and the live images.
public struct NormalizationGeometry: Hashable, Sendable {
    /// 1, or the pixels of a flattened image, whose features all have statistics of their own.
    public var groups: Int
    /// Of a group.
    public var pixels: Int
    public var images: Int
    /// Stored channels, a multiple of 16.
    public var channels: Int
    public var epsilon: Float
    public var activation: ConvGeometry.Activation
    public var hasAddend: Bool

    public init(
        groups: Int = 1, pixels: Int, images: Int, channels: Int, epsilon: Float,
        activation: ConvGeometry.Activation = .linear, hasAddend: Bool = false
    ) {
        self.groups = groups
        self.pixels = pixels
        self.images = images
        self.channels = channels
        self.epsilon = epsilon
        self.activation = activation
        self.hasAddend = hasAddend
    }

    public var count: Int { groups * pixels * images * channels }
    /// Floats of gamma, of beta, of the means and of the variances.
    public var statisticsCount: Int { groups * channels }
    /// What the backward pass wants kept: mean, 1 / deviation, scale and shift of each channel; and room for two
    /// sums of its own.
    public var keptCount: Int { 6 * statisticsCount }
    /// Whether the backward pass reads the output, to see where ReLU stopped the signal. Without an
    /// addend it computes that anew.
    public var rereadsOutput: Bool { activation != .linear && hasAddend }

    /// Traps where the kernels could not compute this normalisation.
    func check() {
        precondition(
            groups > 0 && pixels > 0 && images > 0 && channels > 0 && channels % 16 == 0
                && epsilon > 0 && activation.isPossible,
            "NormalizationGeometry: the kernels cannot do \(self)")
    }
}

/// What both passes of a normalisation read.
public struct NormalizationOperands {
    /// `geometry.count` floats.
    public var input: Floats
    /// As many; empty unless `hasAddend`. The forward pass may write its output there.
    public var addend: Floats
    /// `geometry.statisticsCount` floats each; empty for all ones, all zeros.
    public var gamma: Floats, beta: Floats
    /// `geometry.keptCount` floats, written by the forward pass.
    public var kept: MutableFloats

    public init(
        input: Floats, addend: Floats, gamma: Floats, beta: Floats, kept: MutableFloats
    ) {
        self.input = input
        self.addend = addend
        self.gamma = gamma
        self.beta = beta
        self.kept = kept
    }
}

/// Sums over blocks from which a step's mean and variance come: each block adds the number of its live
/// images times its own.
public struct NormalizationSums {
    public var mean: MutableFloats, variance: MutableFloats

    public init(mean: MutableFloats, variance: MutableFloats) {
        self.mean = mean
        self.variance = variance
    }
}

/// What the backward pass of a normalisation reads and writes beside the operands.
public struct NormalizationGradients {
    /// What the forward pass wrote; empty unless `geometry.rereadsOutput`.
    public var output: Floats
    /// With an addend, overwritten with the gradient of that addend.
    public var outputGradient: MutableFloats
    /// Without an addend it may be the memory of `outputGradient`.
    public var inputGradient: MutableFloats
    /// Whether the gradient is added to what stands there already.
    public var addsToInput: Bool
    /// Added to; empty where the layer has none.
    public var gamma: MutableFloats, beta: MutableFloats

    public init(
        output: Floats, outputGradient: MutableFloats, inputGradient: MutableFloats,
        addsToInput: Bool, gamma: MutableFloats, beta: MutableFloats
    ) {
        self.output = output
        self.outputGradient = outputGradient
        self.inputGradient = inputGradient
        self.addsToInput = addsToInput
        self.gamma = gamma
        self.beta = beta
    }
}

/// The moving statistics of a trained normalisation, and the bias of the convolution before it.
public struct NormalizationStatistics {
    /// Empty for all ones, all zeros, no bias.
    public var gamma: Floats, beta: Floats, bias: Floats
    public var mean: Floats, variance: Floats
    public var epsilon: Float

    public init(
        gamma: Floats, beta: Floats, bias: Floats, mean: Floats, variance: Floats, epsilon: Float
    ) {
        self.gamma = gamma
        self.beta = beta
        self.bias = bias
        self.mean = mean
        self.variance = variance
        self.epsilon = epsilon
    }
}
