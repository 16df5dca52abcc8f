// SPDX-License-Identifier: Apache-2.0

import Tensors

/// A batch of noise, and labels in turn.
struct MadeUpImages {
    private let pixels: AlignedBuffer<UInt8>
    private let labels: AlignedBuffer<Int32>
    private let size: Int

    init(_ count: Int, of peer: PeerModel) {
        size = peer.input.count
        pixels = AlignedBuffer(count: count * size)
        labels = AlignedBuffer(count: count)
        let random = Philox(seed: 1, purpose: .shapes)
        for index in 0..<pixels.count {
            pixels.base[index] = UInt8(truncatingIfNeeded: random.words(UInt64(index))[0])
        }
        for index in 0..<count { labels.base[index] = Int32(index % peer.classes) }
    }

    func pixels(_ rows: Range<Int>) -> Bytes {
        Bytes(pixels[rows.lowerBound * size..<rows.upperBound * size])
    }

    func labels(_ rows: Range<Int>) -> UnsafeBufferPointer<Int32> {
        UnsafeBufferPointer(labels[rows])
    }
}
