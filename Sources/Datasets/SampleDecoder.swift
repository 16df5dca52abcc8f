// SPDX-License-Identifier: Apache-2.0
//
// From the stored form of a sample to pixels, on the worker.

import Tensors

/// Decodes, resizes and augments samples. One value serves all threads.
public struct SampleDecoder: Sendable {
    /// `[H, W, C]` of what comes out.
    public let imageShape: Shape
    public let encoding: SampleEncoding
    private let augmentation: DatasetConfiguration.Augmentation

    public init(configuration: DatasetConfiguration, imageShape: Shape, encoding: SampleEncoding) {
        precondition(imageShape.rank == 3, "SampleDecoder: shape \(imageShape), expected [H, W, C]")
        self.imageShape = imageShape
        self.encoding = encoding
        augmentation = configuration.augmentation
    }

    /// Overwrites `pixels` with the sample, uint8 `[H, W, C]`.
    ///
    /// - Parameter augment: Where the sample stands in which epoch: the same place always gives the same
    ///   pixels. nil leaves the sample as it is.
    /// - Precondition: `pixels.count == imageShape.count`.
    public func decode(
        _ stored: UnsafeRawBufferPointer, into pixels: MutableBytes,
        augment: (seed: UInt64, epoch: Int, position: Int)?
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
            let image = try unsafe DecodedImage(file: stored)
            unsafe image.fit(imageShape, into: pixels)
        }
        if let (seed, epoch, position) = augment,
            augmentation.flips(seed: seed, epoch: epoch, position: position)
        {
            // In place, within `pixels`.
            unsafe flipHorizontally(pixels, imageShape)
        }
    }
}
