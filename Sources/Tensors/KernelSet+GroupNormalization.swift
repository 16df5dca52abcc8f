// SPDX-License-Identifier: Apache-2.0
//
// Normalisation of each image by itself.

/// Normalisation with statistics of some channels and pixels of one image.
///
///     y = gamma * (x - mean) / sqrt(variance + epsilon) + beta
///
/// Values are `[set][pixel][image][channel]`; mean and variance are those of one group of channels of one image,
/// over the pixels of a set. Layer normalisation takes one pixel a set and all channels, or a whole flattened
/// image; group normalisation takes all pixels.
public struct GroupGeometry: Hashable, Sendable {
    public var sets: Int
    /// Of a set.
    public var pixels: Int
    public var images: Int
    /// Stored channels, a multiple of 16, and those that are real.
    public var stored: Int, channels: Int
    /// A divisor of the real channels.
    public var groups: Int
    /// Whether each pixel of the set has factors and terms of its own, not each channel.
    public var hasPixelFactors: Bool
    public var epsilon: Float

    public init(
        sets: Int = 1, pixels: Int, images: Int, stored: Int, channels: Int, groups: Int = 1,
        hasPixelFactors: Bool = false, epsilon: Float
    ) {
        self.sets = sets
        self.pixels = pixels
        self.images = images
        self.stored = stored
        self.channels = channels
        self.groups = groups
        self.hasPixelFactors = hasPixelFactors
        self.epsilon = epsilon
    }

    public var count: Int { sets * pixels * images * stored }
    /// Floats of gamma and of beta.
    public var factorCount: Int { hasPixelFactors ? pixels * stored : stored }
    /// What the backward pass wants kept: mean and 1 / deviation of each group of each image of each set.
    public var keptCount: Int { 2 * sets * images * groups }
    /// Mean, 1 / deviation and two sums of each channel of each image, and two sums of each channel.
    public var scratchCount: Int { (4 * images + 2) * stored }

    func check(_ live: Int) {
        precondition(
            sets > 0 && pixels > 0 && images > 0 && channels > 0 && channels <= stored
                && stored % 16 == 0 && groups > 0 && channels % groups == 0 && epsilon > 0
                && live > 0 && live <= images,
            "GroupGeometry: the kernels cannot do \(self) of \(live) live images")
    }
}

/// What both passes read; see `GroupGeometry`.
public struct GroupOperands {
    /// `geometry.count` floats.
    public var input: Floats
    /// `geometry.factorCount` floats each; empty for all ones, all zeros.
    public var gamma: Floats, beta: Floats
    /// `geometry.keptCount` floats, written by the forward pass.
    public var kept: MutableFloats
    /// `geometry.scratchCount` floats, contents undefined between calls.
    public var scratch: MutableFloats

    public init(
        input: Floats, gamma: Floats, beta: Floats, kept: MutableFloats, scratch: MutableFloats
    ) {
        self.input = input
        self.gamma = gamma
        self.beta = beta
        self.kept = kept
        self.scratch = scratch
    }
}

/// What the backward pass reads and writes beside the operands.
public struct GroupGradients {
    public var output: Floats
    /// Overwritten or added to; it may be the memory of `output`.
    public var input: MutableFloats
    public var addsToInput: Bool
    /// Added to; empty where the layer has none.
    public var gamma: MutableFloats, beta: MutableFloats

    public init(
        output: Floats, input: MutableFloats, addsToInput: Bool, gamma: MutableFloats,
        beta: MutableFloats
    ) {
        self.output = output
        self.input = input
        self.addsToInput = addsToInput
        self.gamma = gamma
        self.beta = beta
    }
}

extension KernelSet {
    /// - Parameters:
    ///   - live: Images that are real. The output of the others is zero.
    ///   - output: Overwritten; `geometry.count` floats. It may be the memory of the input.
    public func groupNormalizeForward(
        _ geometry: GroupGeometry, live: Int, _ operands: GroupOperands, into output: MutableFloats
    ) {
        geometry.check(live)
        operands.check(geometry, "groupNormalizeForward")
        expect(output.count, geometry.count, "groupNormalizeForward: output", geometry)
        loops.groupNormalizeForward(geometry, live: live, operands, into: output)
    }

    /// The gradients of input, gamma and beta. That of images that are not real is zero, or nothing is added.
    public func groupNormalizeBackward(
        _ geometry: GroupGeometry, live: Int, _ operands: GroupOperands, _ gradients: GroupGradients
    ) {
        geometry.check(live)
        operands.check(geometry, "groupNormalizeBackward")
        expect(gradients.output.count, geometry.count, "groupNormalizeBackward: output", geometry)
        expect(gradients.input.count, geometry.count, "groupNormalizeBackward: input", geometry)
        expectFactors(gradients.gamma.count, geometry, "groupNormalizeBackward: gamma gradient")
        expectFactors(gradients.beta.count, geometry, "groupNormalizeBackward: beta gradient")
        loops.groupNormalizeBackward(geometry, live: live, operands, gradients)
    }
}

extension GroupOperands {
    fileprivate func check(_ geometry: GroupGeometry, _ kernel: String) {
        expect(input.count, geometry.count, "\(kernel): input", geometry)
        expectFactors(gamma.count, geometry, "\(kernel): gamma")
        expectFactors(beta.count, geometry, "\(kernel): beta")
        expect(kept.count, geometry.keptCount, "\(kernel): kept", geometry)
        expect(scratch.count, geometry.scratchCount, "\(kernel): scratch", geometry)
    }
}

/// They may be left out.
private func expectFactors(
    _ found: Int, _ geometry: GroupGeometry, _ buffer: @autoclosure () -> String
) {
    if found > 0 { expect(found, geometry.factorCount, buffer(), geometry) }
}
