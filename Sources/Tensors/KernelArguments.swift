// SPDX-License-Identifier: Apache-2.0
//
// The arguments of kernels that are more than a buffer.

/// What both passes of a convolution read. `scratch` and `kept` are written by the forward pass.
public struct ConvOperands {
    /// `geometry.inputCount` floats, `[y][x][image][channel]`.
    public var input: Floats
    /// `geometry.weightCount` floats, `[oc / 16][ky][kx][ic][16]`.
    public var weights: Floats
    /// `geometry.preparedCount` floats made by `convPrepare`.
    public var prepared: Floats
    /// `geometry.outputChannels` floats.
    public var bias: Floats
    /// As many, by which sums are multiplied before the bias is added; empty for all ones. For the
    /// forward pass of evaluation alone: there a normalisation is folded into its convolution.
    public var scale = Floats(start: nil, count: 0)
    /// `geometry.outputCount` floats that are added before the activation, or none. As above.
    public var addend = Floats(start: nil, count: 0)
    /// `geometry.keptCount` floats.
    public var kept: MutableFloats
    /// `geometry.scratchCount` floats, contents undefined between calls.
    public var scratch: MutableFloats

    public init(
        input: Floats, weights: Floats, prepared: Floats, bias: Floats, kept: MutableFloats,
        scratch: MutableFloats
    ) {
        self.input = input
        self.weights = weights
        self.prepared = prepared
        self.bias = bias
        self.kept = kept
        self.scratch = scratch
    }
}

/// What the backward pass of a convolution reads and writes beside the operands.
public struct ConvGradients {
    /// What the forward pass wrote: tells where ReLU stopped the signal.
    public var output: Floats
    /// The gradient of the output, after pool and activation. The pass may overwrite it.
    public var outputGradient: MutableFloats
    /// Overwritten with the gradient of the input; empty if `!needsInputGradient`.
    public var inputGradient: MutableFloats
    /// Whether that gradient is added to what stands there already, instead.
    public var addsToInput: Bool
    /// Added to: the weight gradient itself, or the transformed one. Or overwritten: a block's rows of the
    /// accumulator (see `ConvGeometry.weightSums`). `convFinish` makes the weight gradient of the latter two.
    public var weights: MutableFloats
    /// Whether the sum over a shard starts here, so that what is in the transformed one does not count.
    public var startsSum: Bool
    /// Added to: `outputChannels` floats; or empty where nobody wants them and `geometry.sumsBiasApart`.
    public var bias: MutableFloats

    public init(
        output: Floats, outputGradient: MutableFloats, inputGradient: MutableFloats,
        addsToInput: Bool = false, weights: MutableFloats, startsSum: Bool = false,
        bias: MutableFloats
    ) {
        self.addsToInput = addsToInput
        self.startsSum = startsSum
        self.output = output
        self.outputGradient = outputGradient
        self.inputGradient = inputGradient
        self.weights = weights
        self.bias = bias
    }
}

/// `count` rows of `stored` floats (a multiple of 16) of which the first `live` are real channels.
public struct Rows: Hashable, Sendable {
    public var count: Int, stored: Int, live: Int
    public init(count: Int, stored: Int, live: Int) {
        self.count = count
        self.stored = stored
        self.live = live
    }

    /// Floats that are nothing but floats.
    public static func vectors(_ count: Int) -> Rows {
        Rows(count: count / 16, stored: 16, live: 16)
    }
}

/// Which elements of a block dropout keeps. Element e = (y * width + x) * liveChannels + c of the image
/// at `positions[i]` is kept where word e % 4 of block e / 4 of its stream, as a unit float, is at least
/// `rate`; kept elements are multiplied by 1 / (1 - rate). Dead images keep nothing.
public struct DropoutDraw {
    public var pixels: Int
    public var images: Int
    public var storedChannels: Int, liveChannels: Int
    public var rate: Float
    /// One stream for each live image; those after them are dead.
    public var streams: UnsafeBufferPointer<Philox>

    public init(
        pixels: Int, images: Int, storedChannels: Int, liveChannels: Int, rate: Float,
        streams: UnsafeBufferPointer<Philox>
    ) {
        self.pixels = pixels
        self.images = images
        self.storedChannels = storedChannels
        self.liveChannels = liveChannels
        self.rate = rate
        self.streams = streams
    }
    public var count: Int { pixels * images * storedChannels }
}

/// The rows of a loss: one for each image of the block, logits in the first `classes` of `stored` floats.
///
/// The kernels replace the logits of live rows with their gradient (of the sum of losses) and everything
/// else with zero, and write each live row's loss and whether its prediction was right (1 or 0).
public struct LossRows {
    public var images: Int
    public var stored: Int, classes: Int
    /// One label for each live image; rows after them are dead.
    public var labels: UnsafeBufferPointer<Int32>
    /// The labels of the images that these are mixed with, one for each live image; empty where none is.
    public var partners: UnsafeBufferPointer<Int32>
    /// What counts of the own label, 0 to 1; the rest is the partner's. As many.
    public var shares: Floats
    /// What the outputs should be, `classes` numbers for each live image: of a regression, or shares of classes in
    /// place of labels. Else empty.
    public var targets: Floats
    /// The part of each label that all classes have evenly.
    public var smoothing: Float

    public init(
        images: Int, stored: Int, classes: Int, labels: UnsafeBufferPointer<Int32>,
        partners: UnsafeBufferPointer<Int32> = .init(start: nil, count: 0),
        shares: Floats = .init(start: nil, count: 0),
        targets: Floats = .init(start: nil, count: 0), smoothing: Float = 0
    ) {
        self.images = images
        self.stored = stored
        self.classes = classes
        self.labels = labels
        self.partners = partners
        self.shares = shares
        self.targets = targets
        self.smoothing = smoothing
    }

    /// The label that counts most; of those that count the same the smallest one.
    public func label(ofRow row: Int) -> Int32 {
        if !targets.isEmpty {
            var most = 0
            for c in 0..<classes where targets[row * classes + c] > targets[row * classes + most] {
                most = c
            }
            return Int32(most)
        }
        guard !shares.isEmpty else { return labels[row] }
        let (own, other, share) = (labels[row], partners[row], shares[row])
        if share == 0.5 { return min(own, other) }
        return share > 0.5 ? own : other
    }
}

/// uint8 images `[image][y][x][c]` to float32 `[y][x][image][c]` by tables of what each of the 256 values
/// becomes, `[live image or 1][channel or 1][256]`. Images from `liveImages` and channels from `channels` on
/// are set to zero.
public struct PixelBlock: Hashable, Sendable {
    public var images: Int, liveImages: Int
    public var height: Int, width: Int
    public var channels: Int, storedChannels: Int
    /// Whether each live image, and whether each channel has a table of its own.
    public var hasImageTables: Bool, hasChannelTables: Bool

    /// - Parameter storedChannels: `channels` if not given.
    public init(
        images: Int, liveImages: Int, height: Int, width: Int, channels: Int,
        storedChannels: Int? = nil, hasImageTables: Bool = false, hasChannelTables: Bool = false
    ) {
        self.images = images
        self.liveImages = liveImages
        self.height = height
        self.width = width
        self.channels = channels
        self.storedChannels = storedChannels ?? channels
        self.hasImageTables = hasImageTables
        self.hasChannelTables = hasChannelTables
    }
    /// Floats of an image's tables.
    public var tableStride: Int { (hasChannelTables ? channels : 1) * 256 }
    public var tableCount: Int { (hasImageTables ? liveImages : 1) * tableStride }
    public var byteCount: Int { liveImages * height * width * channels }
    public var floatCount: Int { images * height * width * storedChannels }
}
