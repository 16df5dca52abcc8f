// SPDX-License-Identifier: Apache-2.0
//
// Pixels brought to a mean of 0 and a deviation of 1, as `standardize` of Keras's `ImageDataGenerator`
// does it.

import Tensors

/// What becomes of a pixel before the first layer reads it: a function of its value, of its channel and,
/// where each image is taken for itself, of the image. A network looks it up while it unpacks pixels.
public struct Standardization: Sendable, Hashable {
    /// First, the mean of its own pixels, over all channels, is taken from each image.
    public var centersSamples: Bool
    /// Second, each image is divided by the deviation of its own pixels.
    public var scalesSamples: Bool
    /// Third, this is taken from each channel; empty for nothing.
    public var mean: [Double]
    /// Last, each channel is divided by this; empty for nothing.
    public var deviation: [Double]
    /// After all of that the numbers of an image are multiplied by a matrix, which whoever prepares weights
    /// is given.
    public var whitens: Bool

    /// Added to a deviation before it divides.
    private static let epsilon = 1e-6

    public init(
        centersSamples: Bool = false, scalesSamples: Bool = false, mean: [Double] = [],
        deviation: [Double] = [], whitens: Bool = false
    ) {
        self.centersSamples = centersSamples
        self.scalesSamples = scalesSamples
        self.mean = mean
        self.deviation = deviation
        self.whitens = whitens
    }

    /// Whether pixels of one value differ between images.
    var isPerImage: Bool { centersSamples || scalesSamples }
    /// Whether they differ between channels.
    var isPerChannel: Bool { !mean.isEmpty || !deviation.isEmpty }

    /// Writes what each of the 256 values becomes.
    ///
    /// - Parameters:
    ///   - table: Overwritten, `[channels or 1][256]`.
    ///   - image: The pixels of the image, where each is taken for itself.
    ///   - scale: Of a `Rescaling` that follows, as its offset is.
    func fill(_ table: MutableFloats, image: Bytes, scale: Float, offset: Float) {
        var moments = Moments()
        if isPerImage { moments.add(image) }
        // table[channel, value]
        for place in table.indices {
            let channel = place / 256
            var value = Double(place % 256)
            if centersSamples { value -= moments.mean }
            if scalesSamples { value /= moments.deviation + Self.epsilon }
            if !mean.isEmpty { value -= mean[channel] }
            if !deviation.isEmpty { value /= deviation[channel] + Self.epsilon }
            table[place] = offset.addingProduct(scale, Float(value))
        }
    }

    /// - Throws: If the statistics are not those of images with so many channels.
    func check(channels: Int) throws(LayerError) {
        for (name, values) in [("mean", mean), ("deviation", deviation)]
        where !values.isEmpty && values.count != channels {
            throw LayerError(
                code: .shapeMismatch, layer: "input",
                detail: "the featurewise \(name) has \(values.count) channels, the images have "
                    + "\(channels); fit it on images of the same kind")
        }
    }
}
