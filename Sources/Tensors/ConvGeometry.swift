// SPDX-License-Identifier: Apache-2.0
//
// The extents of one convolution over one block of images, and the algorithm that computes it.

/// A convolution (a dense layer is one whose kernel is the whole image), with its bias, activation
/// and, in the fused algorithms, a 2x2 max pool.
///
/// Activations are `[y][x][image][channel]`, float32. Stored channel counts are multiples of 16, but
/// for the input of a first layer, which has its 1 to 4 channels as they are. Weights are
/// `[outputChannels / 16][kernelHeight][kernelWidth][inputDepth][16]`, where the depth is that of all input
/// channels unless there are groups; output pixel (y, x) reads input rows
/// `y * strideY - padTop + ky * dilationY` and columns `x * strideX - padLeft + kx * dilationX`; taps outside
/// the image are left out.
public struct ConvGeometry: Hashable, Sendable {
    public enum Activation: Hashable, Sendable {
        case linear
        /// `max(x, 0)`, but no more than a ceiling.
        case rectified(ceiling: Float)

        public static let relu = rectified(ceiling: .infinity)

        /// The same as a layer of its own.
        public var rectifier: Rectifier? {
            switch self {
            case .linear: nil
            case .rectified(let ceiling): Rectifier(ceiling: ceiling)
            }
        }
    }

    /// How the sums are formed. Fixed by the geometry (`Layers` holds the table), never by timing.
    public enum Algorithm: Hashable, Sendable, CaseIterable {
        /// One sum over the taps for each output; any kernel, stride and padding, channels in 16s.
        case direct
        /// The same for images of 1 to 4 channels, with an optional 2x2 pool: first layers.
        case narrow
        /// Winograd F(4x4, 3x3) in all three passes, optional 2x2 pool: 3x3, stride 1, channels in 16s.
        case winograd
        /// One filter a channel, each of which reads its own channel; any kernel, stride and padding.
        case depthwise
        /// The other way through a direct convolution: what goes in is spread over the output as that
        /// convolution's backward pass spreads a gradient. See `reversed`.
        case transposed
    }

    public var images: Int
    public var inputHeight: Int, inputWidth: Int, inputChannels: Int
    public var outputChannels: Int
    public var kernelHeight: Int, kernelWidth: Int
    public var strideY: Int, strideX: Int
    public var padTop: Int, padLeft: Int
    /// Pixels from one tap to the next; more than 1 only where the stride is 1.
    public var dilationY = 1, dilationX = 1
    /// nil where each filter reads all channels.
    public var groups: Groups?
    /// Extents of the convolution's own output, before a pool.
    public var convHeight: Int, convWidth: Int
    public var activation: Activation
    /// A 2x2 max pool of stride 2, "valid", follows in the same kernel. Needs `activation == .relu` and
    /// an algorithm other than `.direct`.
    public var pooled: Bool
    public var algorithm: Algorithm
    /// False for the first layer of a network: nobody asks for the gradient of the images.
    public var needsInputGradient: Bool
    /// False outside training: there is no backward pass that wants anything kept for it.
    public var keepsInput = true
    /// Blocks of images that add to one weight gradient.
    public var blocksPerShard = 1

    public init(
        images: Int, inputHeight: Int, inputWidth: Int, inputChannels: Int, outputChannels: Int,
        kernelHeight: Int, kernelWidth: Int, strideY: Int = 1, strideX: Int = 1, padTop: Int = 0,
        padLeft: Int = 0, convHeight: Int, convWidth: Int, activation: Activation = .linear,
        pooled: Bool = false, algorithm: Algorithm = .direct, needsInputGradient: Bool = true
    ) {
        self.images = images
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.strideY = strideY
        self.strideX = strideX
        self.padTop = padTop
        self.padLeft = padLeft
        self.convHeight = convHeight
        self.convWidth = convWidth
        self.activation = activation
        self.pooled = pooled
        self.algorithm = algorithm
        self.needsInputGradient = needsInputGradient
    }

    /// Of a transposed convolution the direct one that leads from its output back to its input. Weights lie as
    /// that has them, and are prepared for its backward pass.
    public var reversed: ConvGeometry {
        var reversed = ConvGeometry(
            images: images, inputHeight: convHeight, inputWidth: convWidth,
            inputChannels: outputChannels, outputChannels: inputChannels,
            kernelHeight: kernelHeight, kernelWidth: kernelWidth, strideY: strideY,
            strideX: strideX, padTop: padTop, padLeft: padLeft, convHeight: inputHeight,
            convWidth: inputWidth)
        reversed.keepsInput = false
        return reversed
    }

    public var outputHeight: Int { pooled ? convHeight / 2 : convHeight }
    public var outputWidth: Int { pooled ? convWidth / 2 : convWidth }
    public var inputCount: Int { inputHeight * inputWidth * images * inputChannels }
    public var outputCount: Int { outputHeight * outputWidth * images * outputChannels }
    public var weightCount: Int { kernelHeight * kernelWidth * inputDepth * outputChannels }
}

// What an algorithm needs beside its operands. All four counts are functions of the geometry alone, the
// same on every instruction set.
extension ConvGeometry {
    /// Pixels times images whose gradients a narrow convolution has in L1 at a time.
    public static let narrowRun = 128
    /// Rows (images times tiles) that go through the Winograd planes together. Wide layers take more: each
    /// block of rows streams all their transformed weights, and the sums of their gradient, once.
    public var winogradRows: Int { max(inputChannels, outputChannels) >= 256 ? 64 : 32 }

    /// Tiles of 4x4 outputs, down and across. With a pool an odd last row or column of the convolution
    /// is read by nobody, and is not computed.
    public var tilesDown: Int { ((pooled ? convHeight / 2 * 2 : convHeight) + 3) / 4 }
    public var tilesAcross: Int { ((pooled ? convWidth / 2 * 2 : convWidth) + 3) / 4 }
    public var tilesPerBlock: Int {
        max(1, min(winogradRows / images, tilesDown * tilesAcross))
    }
    public var tileBlocks: Int { (tilesDown * tilesAcross + tilesPerBlock - 1) / tilesPerBlock }
    /// Floats between the 36 planes of a block of tiles: one cache line more than the data, since
    /// planes a power of two apart evict each other.
    public func planeStride(channels: Int) -> Int { tilesPerBlock * images * channels + 16 }

    /// Floats between the 36 points of 16 channels' transformed weights, again a cache line more.
    public static func pointStride(depth: Int) -> Int { depth * 16 + 16 }
    /// U, `[oc / 16][36][ic][16]`, and Uᵀ, `[ic / 16][36][oc][16]`.
    public var transformedCount: Int {
        outputChannels / 16 * 36 * Self.pointStride(depth: inputChannels)
    }
    public var transposedTransformedCount: Int {
        inputChannels / 16 * 36 * Self.pointStride(depth: outputChannels)
    }

    /// Weights as the kernels want them: transposed for the data gradient, transformed, or without zeros.
    public var preparedCount: Int {
        switch algorithm {
        case .narrow, .depthwise: 0
        case .direct where areGroupsFine:
            // Their transposition has as many.
            (needsInputGradient ? 2 : 1) * fineCount
        case .direct:
            needsInputGradient && !transposesInPassing
                ? kernelHeight * kernelWidth * outputDepth * inputChannels : 0
        case .transposed: weightCount
        case .winograd:
            // U for the forward pass, Uᵀ for the data gradient.
            transformedCount + (needsInputGradient ? transposedTransformedCount : 0)
        }
    }
    /// Whether the backward pass transposes weights on its way, those of a few input channels at a time, and
    /// there is no transposed copy of them: where a block of images reads each weight once, as in a dense layer,
    /// and a copy would come from memory as well.
    public var transposesInPassing: Bool {
        algorithm == .direct && groups == nil && needsInputGradient && convHeight * convWidth == 1
            && kernelHeight == inputHeight && kernelWidth == inputWidth && weightCount >= 1 << 18
    }
    /// Input channels whose weights are transposed together.
    public static let channelsInPassing = 32
    /// The pixels that the windows of a narrow convolution cover, padding included.
    public var frameHeight: Int {
        (convHeight - 1) * strideY + (kernelHeight - 1) * dilationY + 1
    }
    public var frameWidth: Int { (convWidth - 1) * strideX + (kernelWidth - 1) * dilationX + 1 }
    /// Whether a narrow convolution reads beyond the image, and so from a copy with a frame of zeros.
    public var isFramed: Bool {
        padTop > 0 || padLeft > 0 || frameHeight > inputHeight || frameWidth > inputWidth
    }
    /// Floats of the gradients that a narrow convolution has in L1 at a time: two rows of 32 channels.
    public var narrowRunCount: Int { 2 * max(Self.narrowRun, 2 * images) * 32 }
    /// What the backward pass wants kept from the forward one: the input, as it is, transformed or framed.
    /// Without one, what a block of tiles needs.
    public var keptCount: Int {
        switch algorithm {
        case .direct: sumsAtOnce ? inputRowsCount : 0
        case .narrow: isFramed ? frameHeight * frameWidth * images * inputChannels : 0
        case .winograd: inputRowsCount
        case .depthwise, .transposed: 0
        }
    }
    /// Images times outputs that go through one sum of a direct convolution's weight gradient: both operands
    /// stay near.
    public static let directRun = 64
    /// Whether the weight gradient of a shard is summed after its last block, out of the rows (tiles or pixels
    /// times images) of all its blocks, and not block by block. Where layers are wide and maps are small,
    /// and in dense layers, there are fewer rows than sums, which then need not pass through memory for
    /// every block. The order of the sums is the same, and so are their bits.
    public var sumsAtOnce: Bool {
        guard keepsInput, groups == nil else { return false }
        switch algorithm {
        case .winograd: return blocksPerShard * rowsCount <= transformedCount
        case .direct:
            return convHeight * convWidth * images <= Self.directRun
                && blocksPerShard * rowsCount <= weightCount
        case .narrow, .depthwise, .transposed: return false
        }
    }
    /// Floats from the rows of one block to those of the next: those of the input, then those of the output's
    /// gradient.
    public var rowsCount: Int { inputRowsCount + gradientRowsCount }
    private var inputRowsCount: Int {
        algorithm == .direct
            ? inputCount
            : (keepsInput ? tileBlocks : 1) * 36 * planeStride(channels: inputChannels)
    }
    private var gradientRowsCount: Int {
        algorithm == .direct
            ? outputCount : tileBlocks * 36 * planeStride(channels: outputChannels)
    }
    /// Where in the accumulator both lie, if the weight gradient is summed at once.
    public func rows(ofBlock block: Int) -> (kept: Range<Int>, gradient: Range<Int>) {
        let start = block * rowsCount, middle = start + inputRowsCount
        return (start..<middle, middle..<start + rowsCount)
    }
    /// What a block keeps from its forward to its backward pass: memory of its own, or its rows.
    public func kept(
        _ kept: MutableFloats, orIn accumulator: MutableFloats, block: Int
    ) -> MutableFloats {
        sumsAtOnce ? .init(rebasing: accumulator[rows(ofBlock: block).kept]) : kept
    }
    /// What the backward pass of a block writes for the weights: their gradient, sums of it in the
    /// accumulator, or the block's rows there.
    public func weightSums(
        _ gradient: MutableFloats, orIn accumulator: MutableFloats, block: Int
    ) -> MutableFloats {
        if accumulatorCount == 0 { return gradient }
        return sumsAtOnce
            ? .init(rebasing: accumulator[rows(ofBlock: block).gradient]) : accumulator
    }

    /// Whether the gradient of the bias takes a sweep over memory of its own, and can be left out.
    public var sumsBiasApart: Bool {
        switch algorithm {
        case .direct, .depthwise, .transposed: true
        case .narrow, .winograd: false
        }
    }

    /// What a shard's weight gradient is summed in or out of before `convFinish`; zero if it is summed in
    /// place.
    public var accumulatorCount: Int {
        if sumsAtOnce { return blocksPerShard * rowsCount }
        return algorithm == .winograd ? transformedCount : 0
    }
    /// What the backward pass of a block writes for the weights.
    public var weightSumCount: Int {
        if sumsAtOnce { return gradientRowsCount }
        return algorithm == .winograd ? transformedCount : weightCount
    }
    /// Input channels whose sums of 32 output channels are formed together at the end of a shard, so that
    /// they are still in the cache when they are transformed back.
    public static let summedChannels = 64
    /// Floats of scratch that one call of either pass may use.
    public var scratchCount: Int {
        switch algorithm {
        case .direct:
            transposesInPassing ? Self.channelsInPassing * outputChannels : fineCount
        case .depthwise, .transposed: 0
        case .narrow:
            // Besides, the place of each tap as an `Int`.
            narrowRunCount + kernelHeight * kernelWidth * inputChannels * 2
        case .winograd:
            // Gradients and products of a block, pixels outside the image, a transform's squares; or sums.
            max(
                36 * planeStride(channels: outputChannels) + 36 * planeStride(channels: 32)
                    + 2 * images * max(inputChannels, outputChannels) + 64 * 16,
                sumsAtOnce ? 2 * 36 * Self.pointStride(depth: Self.summedChannels) : 0)
        }
    }
    /// One byte for each pooled output: which of the four was largest, or 4 where none was above zero.
    public var argmaxCount: Int { pooled ? outputCount : 0 }
}
