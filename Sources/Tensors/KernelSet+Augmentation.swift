// SPDX-License-Identifier: Apache-2.0
//
// Kernels that vary images of 1 to 4 channels, at the edge: every count is compared once.

extension KernelSet {
    /// Pixels of an image, each mixed of the four around its place: `row[x, c] = image[place(x), c]`.
    ///
    /// Weights are 4096ths and enter exactly; the sum is rounded once, half up.
    ///
    /// - Parameters:
    ///   - image: `[size.height, size.width, channels]`, then four bytes that are read and do not count.
    ///   - run: Of places between pixels of the image.
    ///   - row: Overwritten. `[run.count, channels]`.
    public func sample(
        _ image: Bytes, _ size: (height: Int, width: Int), channels: Int, _ run: PlaceRun,
        into row: MutableBytes
    ) {
        expect(image.count, size.height * size.width * channels + 4, "sample: image", size)
        expect(row.count, run.count * channels, "sample: row", channels)
        precondition(
            1...4 ~= channels && run.count > 0 && run.isWithin(size)
                && max(size.height, size.width) < 1 << 19 && image.count < 1 << 31,
            "sample: \(run) of \(size), \(channels) channels")
        loops.sample(image, length: size.width * channels, channels: channels, run, into: row)
    }

    /// `pixels[i, c] = tables[c, pixels[i, c]]`
    ///
    /// - Parameters:
    ///   - pixels: `[pixels, channels]`
    ///   - tables: `[channels, 256]`
    public func mapLevels(_ pixels: MutableBytes, channels: Int, tables: Bytes) {
        expectPixels(pixels.count, channels, "mapLevels")
        expect(tables.count, 256 * channels, "mapLevels: tables", channels)
        loops.mapLevels(pixels, channels: channels, tables: tables)
    }

    /// The sum of each channel; zero for those beyond `channels`.
    ///
    /// - Parameter pixels: `[pixels, channels]`
    public func channelSums(_ pixels: Bytes, channels: Int) -> SIMD4<Int64> {
        expectPixels(pixels.count, channels, "channelSums")
        return loops.channelSums(pixels, channels: channels)
    }

    /// What is done to the three channels of a pixel together.
    public enum ColourChange: Sendable {
        /// The distance of each channel to the largest one is multiplied, at most until the smallest is 0.
        case saturation(factor: Float)
        /// The hue goes on, by 0 to 6 sixths of the circle of colours.
        case hue(sextants: Float)
        /// Each channel becomes the luma of ITU-R BT.601, in 65536ths, rounded.
        case grey
    }

    /// - Parameter pixels: `[pixels, 3]`
    public func changeColours(_ pixels: MutableBytes, _ change: ColourChange) {
        expectPixels(pixels.count, 3, "changeColours")
        loops.changeColours(pixels, change)
    }

    /// `pixels[i] += table[w]`, kept within 0 to 255, where w is the lower 12 bits of the stream's half word i.
    ///
    /// - Parameters:
    ///   - block: Of the stream's blocks of four words the first one; the lower half of its number is small.
    ///   - table: Of 4096 numbers.
    public func addNoise(
        _ pixels: MutableBytes, _ noise: Philox, from block: UInt64,
        table: UnsafeBufferPointer<Int16>
    ) {
        expect(table.count, 4096, "addNoise: table", block)
        precondition(
            pixels.count / 8 + Int(UInt32(truncatingIfNeeded: block)) <= Int(UInt32.max) - 16,
            "addNoise: \(pixels.count) bytes from block \(block)")
        loops.addNoise(pixels, noise, from: block, table: table)
    }

    /// `own[i] = own[i] share + other[i] (1 - share)`, rounded, half up.
    ///
    /// - Parameter share: In 65536ths.
    public func blend(_ own: MutableBytes, with other: Bytes, share: Int32) {
        expect(other.count, own.count, "blend: other", share)
        precondition(0...65536 ~= share, "blend: a share of \(share) 65536ths")
        loops.blend(own, with: other, share: share)
    }

    /// Weighted sums of the pixels around each, along both axes, in place; beyond its edges the image goes
    /// on as it ends. What lies between the two passes has 16 bits.
    ///
    /// - Parameters:
    ///   - pixels: `[height, width, channels]`
    ///   - weights: In 65536ths, of distances 0, 1, ...; that of 0 is even, and both sides' sum 65536.
    ///   - scratch: Overwritten, `blurScratchCount` bytes.
    public func blur(
        _ pixels: MutableBytes, height: Int, width: Int, channels: Int, weights: Words,
        scratch: MutableBytes
    ) {
        let radius = weights.count - 1
        expect(pixels.count, height * width * channels, "blur: pixels", (height, width, channels))
        let needed = Self.blurScratchCount(
            height: height, width: width, channels: channels, radius: radius)
        precondition(
            !weights.isEmpty && weights[0] % 2 == 0 && scratch.count >= needed,
            "blur: \(weights.count) weights, \(scratch.count) bytes of scratch of \(needed)")
        loops.blur(
            pixels, height: height, width: width, channels: channels, weights: weights,
            scratch: scratch)
    }

    public static func blurScratchCount(
        height: Int, width: Int, channels: Int, radius: Int
    ) -> Int {
        2 * (height * width * channels + 16 + (2 * radius + width) * channels + 16) + 1
    }

    /// Mirrors an image left to right, in place.
    ///
    /// - Parameter pixels: `[rows, width, channels]`
    public func reverseRows(_ pixels: MutableBytes, width: Int, channels: Int) {
        expectPixels(pixels.count, width * channels, "reverseRows")
        loops.reverseRows(pixels, width: width, channels: channels)
    }

    /// Mirrors an image top to bottom, in place.
    ///
    /// - Parameter pixels: `[rows, length]`
    public func reverseColumns(_ pixels: MutableBytes, length: Int) {
        expectPixels(pixels.count, length, "reverseColumns")
        loops.reverseColumns(pixels, length: length)
    }
}

private func expectPixels(_ bytes: Int, _ size: Int, _ kernel: String) {
    precondition(
        size > 0 && bytes % size == 0, "\(kernel): \(bytes) bytes are no number of \(size)")
}
