// SPDX-License-Identifier: Apache-2.0
//
// Normal noise on the values of a block.

/// Which numbers are added to a block. To element e = (y * width + x) * liveChannels + c of the image at
/// `positions[i]` it is `deviation` times the normal number of word e % 4 of block e / 4 of its stream. That of a
/// word w is the z below which a share (2 k + 1) / 2^24 of a normal distribution lies, where k = w >> 9. Dead images
/// get none.
public struct NoiseDraw {
    public var pixels: Int
    public var images: Int
    public var storedChannels: Int, liveChannels: Int
    public var deviation: Float
    /// One stream for each live image; those after them are dead.
    public var streams: UnsafeBufferPointer<Philox>

    public init(
        pixels: Int, images: Int, storedChannels: Int, liveChannels: Int, deviation: Float,
        streams: UnsafeBufferPointer<Philox>
    ) {
        self.pixels = pixels
        self.images = images
        self.storedChannels = storedChannels
        self.liveChannels = liveChannels
        self.deviation = deviation
        self.streams = streams
    }
    public var count: Int { pixels * images * storedChannels }
}

extension KernelSet {
    /// Adds the noise in place.
    public func addNoise(_ draw: NoiseDraw, to values: MutableFloats) {
        precondition(
            draw.storedChannels % 16 == 0 && draw.liveChannels > 0
                && draw.liveChannels <= draw.storedChannels && draw.streams.count <= draw.images,
            "addNoise: \(draw.liveChannels) live channels of \(draw.storedChannels),"
                + " \(draw.streams.count) streams for \(draw.images) images")
        expect(values.count, draw.count, "addNoise: values", draw)
        loops.addNoise(draw, to: values)
    }
}
