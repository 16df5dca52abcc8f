// SPDX-License-Identifier: Apache-2.0
//
// A compute thread's memory for images that are mixed.

import Datasets
import Tensors

/// What the images of a shard were mixed with.
final class Mixture {
    private let mixing: ImageMixing
    private let imageCount: Int
    private let scratch: AlignedBuffer<UInt8>
    private let numbers: AlignedBuffer<Int32>
    private let partnerLabels: AlignedBuffer<Int32>
    private let shareBuffer: AlignedBuffer<Float>

    init(_ mixing: ImageMixing, _ shardSize: Int, _ imageShape: Shape) {
        self.mixing = mixing
        imageCount = imageShape.count
        scratch = AlignedBuffer(count: shardSize * imageShape.count)
        numbers = AlignedBuffer(count: shardSize)
        partnerLabels = AlignedBuffer(count: shardSize)
        shareBuffer = AlignedBuffer(count: shardSize)
    }

    /// Mixes a shard's images in place, and remembers with whose labels.
    func mix(
        _ pixels: AlignedBuffer<UInt8>, _ labels: AlignedBuffer<Int32>, seed: UInt64, epoch: Int,
        positions: Range<Int>
    ) {
        let count = positions.count
        mixing.mix(
            pixels[0..<count * imageCount],
            at: .init(seed: seed, epoch: epoch, firstPosition: positions.lowerBound),
            scratch: scratch.elements, partners: numbers[0..<count],
            shares: shareBuffer[0..<count])
        for image in 0..<count {
            partnerLabels.base[image] = labels.base[Int(numbers.base[image])]
        }
    }

    func partners(_ count: Int) -> UnsafeBufferPointer<Int32> { .init(partnerLabels[0..<count]) }
    func shares(_ count: Int) -> Floats { Floats(shareBuffer[0..<count]) }
}
