// SPDX-License-Identifier: Apache-2.0
//
// From the stored form of a sample to pixels, on the worker.

import Tensors

/// Decodes, resizes and augments samples. One value serves all threads.
public struct SampleDecoder: Sendable {
    /// `[H, W, C]` of what comes out.
    public let imageShape: Shape
    public let encoding: SampleEncoding
    private let kernels: KernelSet
    private let fitting: DatasetConfiguration.Fitting
    private let augmentation: DatasetConfiguration.Augmentation
    private let noise: NoiseTable?
    /// Whether any option is on.
    private let varies: Bool
    /// Whether colours are varied while a fourth channel stays as it is.
    private let recoloursBesideAlpha: Bool

    public init(
        configuration: DatasetConfiguration, imageShape: Shape, encoding: SampleEncoding,
        kernels: KernelSet
    ) {
        precondition(imageShape.rank == 3, "SampleDecoder: shape \(imageShape), expected [H, W, C]")
        self.imageShape = imageShape
        self.encoding = encoding
        self.kernels = kernels
        fitting = configuration.fitting
        augmentation = configuration.augmentation
        varies = augmentation != .init()
        let deviation = augmentation.gaussianNoise
        noise = deviation > 0 ? NoiseTable(deviation: deviation) : nil
        recoloursBesideAlpha =
            configuration.colorMode == .rgba && imageShape[2] == 4 && augmentation.recolours
    }

    /// Whether it does more than copy pixels.
    public var takesTime: Bool { encoding == .file || varies }

    /// Overwrites `pixels` with the sample, uint8 `[H, W, C]`.
    ///
    /// - Precondition: `pixels.count == imageShape.count`.
    public func decode(
        _ stored: UnsafeRawBufferPointer, into pixels: MutableBytes
    ) throws(DatasetError) {
        precondition(
            pixels.count == imageShape.count,
            "SampleDecoder: room for \(pixels.count) bytes, \(imageShape) needs \(imageShape.count)"
        )
        switch encoding {
        case .pixels:
            guard stored.count == pixels.count else {
                throw DatasetError(
                    code: .mismatch,
                    detail: "a sample of \(stored.count) bytes came, \(imageShape) has"
                        + " \(pixels.count); give all machines the same data set")
            }
            // Both hold `pixels.count` bytes.
            unsafe UnsafeMutableRawBufferPointer(pixels).copyMemory(from: stored)
        case .file:
            // `stored` is read, `pixels` overwritten, during these calls.
            let image = try unsafe DecodedImage(file: stored, for: imageShape, fitting)
            unsafe image.fit(imageShape, fitting, kernels, into: pixels)
        }
    }

    /// Bytes of scratch that `augment` needs.
    public var scratchCount: Int {
        let resamples =
            augmentation.resamples || augmentation.transforms.contains { $0.sampling != nil }
        let deviation = augmentation.gaussianBlur.upperBound
        return max(
            resamples ? resampleScratchCount(imageShape) : 0,
            (recoloursBesideAlpha ? coloursCount : 0)
                + (deviation > 0 ? GaussianBlur.scratchCount(imageShape, deviation: deviation) : 0))
    }

    /// Bytes of the colours of an image with alpha.
    private var coloursCount: Int { imageShape.count / 4 * 3 }

    /// Varies the sample, in place, by where it stands in which epoch: the same place always gives the
    /// same pixels. Allocates nothing.
    ///
    /// - Parameters:
    ///   - pixels: uint8 `[H, W, C]`.
    ///   - scratch: Overwritten, apart from `pixels`.
    /// - Precondition: `pixels.count == imageShape.count && scratch.count >= scratchCount`.
    public func augment(
        _ pixels: MutableBytes, seed: UInt64, epoch: Int, position: Int, scratch: MutableBytes
    ) {
        let count = imageShape.count
        precondition(
            pixels.count == count && scratch.count >= scratchCount,
            "SampleDecoder: \(pixels.count) bytes and \(scratch.count) of scratch, expected \(count)"
                + " and \(scratchCount)")
        guard varies else { return }
        let fill = nearestByte(augmentation.cval)
        let chance = Chance(seed: seed, epoch: epoch, position: position)
        let spatial = augmentation.spatialDraw(
            chance, height: imageShape[0], width: imageShape[1])
        // All of these stay within `pixels` and the scratch.
        if spatial.resamples {
            unsafe resample(
                pixels, imageShape,
                AffineMap(spatial, height: imageShape[0], width: imageShape[1]),
                mode: augmentation.fillMode.ofGenerator, fill: fill, scratch: scratch, kernels)
        } else {
            if spatial.flipsHorizontally {
                unsafe kernels.reverseRows(pixels, width: imageShape[1], channels: imageShape[2])
            }
            if spatial.flipsVertically {
                unsafe kernels.reverseColumns(pixels, length: imageShape[1] * imageShape[2])
            }
        }
        let draw = augmentation.pixelDraw(chance, height: imageShape[0], width: imageShape[1])
        if recoloursBesideAlpha {
            let colours = unsafe MutableBytes(rebasing: scratch[..<coloursCount])
            let rest = unsafe MutableBytes(rebasing: scratch[coloursCount...])
            unsafe copyColours(of: pixels, 4, to: colours, 3)
            unsafe recolour(colours, channels: 3, draw, chance, rest)
            unsafe copyColours(of: colours, 3, to: pixels, 4)
        } else {
            unsafe recolour(pixels, channels: imageShape[2], draw, chance, scratch)
        }
        if let hole = draw.hole { unsafe cut(hole, outOf: pixels, imageShape, fill: fill) }
        unsafe augmentation.transforms.apply(
            to: pixels, imageShape, chance, scratch: scratch, kernels)
    }

    private func recolour(
        _ pixels: MutableBytes, channels: Int, _ draw: PixelDraw, _ chance: Chance,
        _ scratch: MutableBytes
    ) {
        // All change the pixels of the buffer and nothing else but the scratch.
        unsafe draw.recolour(pixels, channels: channels, kernels)
        if draw.blur > 0 {
            unsafe blur(
                pixels, [imageShape[0], imageShape[1], channels], deviation: draw.blur,
                scratch: scratch, kernels)
        }
        if let noise { unsafe noise.add(to: pixels, chance, kernels) }
    }
}
