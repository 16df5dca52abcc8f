// SPDX-License-Identifier: Apache-2.0
//
// Images of a shard that are mixed with each other, and what that makes of their labels.

import Tensors

/// `mixup` and `cutmix`: what each image of a shard has of another one of the shard.
///
/// Who is whose partner is a permutation that depends on the seed, the epoch and the shard's place in it; how
/// much of it there is, and where, on the image's own place.
///
/// - Source: Zhang et al. (2018), "mixup: Beyond Empirical Risk Minimization"; Yun et al. (2019), "CutMix:
///   Regularization Strategy to Train Strong Classifiers with Localizable Features".
public struct ImageMixing: Sendable {
    private let mixup: SymmetricBeta?
    private let cutmix: SymmetricBeta?
    private let height: Int, width: Int, channels: Int
    private let kernels: KernelSet

    /// - Parameter imageShape: `[H, W, C]`.
    /// - Returns: nil if nothing is mixed.
    public init?(
        _ augmentation: DatasetConfiguration.Augmentation, imageShape: Shape, kernels: KernelSet
    ) {
        guard augmentation.mixup > 0 || augmentation.cutmix > 0 else { return nil }
        mixup = augmentation.mixup > 0 ? SymmetricBeta(alpha: augmentation.mixup) : nil
        cutmix = augmentation.cutmix > 0 ? SymmetricBeta(alpha: augmentation.cutmix) : nil
        (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
        self.kernels = kernels
    }

    /// Where the images of a shard stand.
    public struct Place {
        let seed: UInt64
        let epoch: Int
        let firstPosition: Int

        public init(seed: UInt64, epoch: Int, firstPosition: Int) {
            self.seed = seed
            self.epoch = epoch
            self.firstPosition = firstPosition
        }
    }

    /// Mixes the images of a shard, in place. Allocates nothing.
    ///
    /// - Parameters:
    ///   - pixels: `[image][H][W][C]`, uint8; a mixture is rounded to whole levels.
    ///   - scratch: Overwritten, as large as `pixels`.
    ///   - partners: Overwritten with the number in the shard of each image's partner.
    ///   - shares: Overwritten with what each image has of itself, 0 to 1, a multiple of 2^-16.
    /// - Precondition: There are as many partners as shares as images.
    public func mix(
        _ pixels: MutableBytes, at place: Place, scratch: MutableBytes,
        partners: UnsafeMutableBufferPointer<Int32>, shares: MutableFloats
    ) {
        let size = height * width * channels, count = partners.count
        precondition(
            pixels.count == count * size && scratch.count >= pixels.count && shares.count == count,
            "mix: \(pixels.count) bytes, \(scratch.count) of scratch and \(shares.count) shares of"
                + " \(count) images")
        // As the precondition says.
        unsafe UnsafeMutableRawBufferPointer(scratch).copyMemory(
            from: UnsafeRawBufferPointer(pixels))
        unsafe choose(partners, at: place)
        for image in 0..<count {
            let chance = Chance(
                seed: place.seed, epoch: place.epoch, position: place.firstPosition + image)
            // An image of each buffer, apart from each other.
            let other = unsafe Bytes(
                rebasing: scratch[Int(partners[image]) * size..<(Int(partners[image]) + 1) * size])
            let own = unsafe MutableBytes(rebasing: pixels[image * size..<(image + 1) * size])
            unsafe shares[image] = Float(mix(own, with: other, chance))
        }
    }

    /// The mixtures of a shard's images, for tools that look at a few: each with the number of its partner and its
    /// own share.
    public func mixed(
        _ images: [[UInt8]], at place: Place
    ) -> [(pixels: [UInt8], partner: Int, share: Float)] {
        let size = height * width * channels
        var pixels = Array(images.joined())
        var scratch = [UInt8](repeating: 0, count: pixels.count)
        var partners = [Int32](repeating: 0, count: images.count)
        var shares = [Float](repeating: 1, count: images.count)
        // The arrays' own elements, during the calls.
        unsafe pixels.withUnsafeMutableBufferPointer { pixels in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                unsafe partners.withUnsafeMutableBufferPointer { partners in
                    unsafe shares.withUnsafeMutableBufferPointer { shares in
                        unsafe mix(
                            pixels, at: place, scratch: scratch, partners: partners, shares: shares)
                    }
                }
            }
        }
        return images.indices.map { image in
            (
                Array(pixels[image * size..<(image + 1) * size]), Int(partners[image]),
                shares[image]
            )
        }
    }

    /// - Returns: The share of what was there.
    private func mix(_ own: MutableBytes, with other: Bytes, _ chance: Chance) -> Double {
        let cuts = mixup == nil || (cutmix != nil && chance.coin(.mixing))
        guard let beta = cuts ? cutmix : mixup else { return 1 }
        let share = beta.draw(chance.share)
        // Both stay within an image.
        return unsafe cuts
            ? paste(other, into: own, box(share, chance)) : blend(own, with: other, share)
    }

    /// own = share own + (1 - share) other, in 65536ths
    private func blend(_ own: MutableBytes, with other: Bytes, _ share: Double) -> Double {
        let mine = Int32(share * 65536 + 0.5)
        unsafe kernels.blend(own, with: other, share: mine)  // as long as each other
        return Double(mine) / 65536
    }

    /// A part of the image of 1 - share of its area, as far as it lies in it; its centre is anywhere.
    private func box(_ share: Double, _ chance: Chance) -> PixelDraw.Hole {
        let part = (1 - share).squareRoot() / 2
        func side(_ question: Chance.Question, _ size: Int) -> Range<Int> {
            let centre = chance.number(question, below: size), half = Int(part * Double(size))
            return max(centre - half, 0)..<min(centre + half, size)
        }
        return PixelDraw.Hole(rows: side(.boxY, height), columns: side(.boxX, width))
    }

    /// - Returns: The share of the area that is left, to the nearest 65536th.
    private func paste(_ other: Bytes, into own: MutableBytes, _ box: PixelDraw.Hole) -> Double {
        for y in box.rows {
            let row = (y * width + box.columns.lowerBound) * channels
            // Within row y of both.
            unsafe UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(own)[
                    row..<row + box.columns.count * channels]
            ).copyMemory(
                from: UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(other)[
                        row..<row + box.columns.count * channels]))
        }
        let left = 1 - Double(box.rows.count * box.columns.count) / Double(height * width)
        return Double(Int(left * 65536 + 0.5)) / 65536
    }

    /// A permutation: each number changes places with one not before it.
    private func choose(_ partners: UnsafeMutableBufferPointer<Int32>, at place: Place) {
        let chance = Chance(
            seed: place.seed, epoch: place.epoch, position: place.firstPosition)
        // Both indices are below the count.
        for image in partners.indices { unsafe partners[image] = Int32(image) }
        for image in partners.indices.dropLast() {
            let word = chance.partner(image)
            let left = UInt64(partners.count - image)
            unsafe partners.swapAt(image, image + Int((UInt64(word) * left) >> 32))
        }
    }
}
