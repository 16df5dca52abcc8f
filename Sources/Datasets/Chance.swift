// SPDX-License-Identifier: Apache-2.0
//
// Chance in the data, without state: what happens to a sample depends on where it stands, not on when
// or where it is computed.

import Tensors

/// The random numbers of one sample in one epoch.
package struct Chance {
    /// What a number decides. Each has its own, so that turning one option on leaves what the others
    /// do as it was.
    package enum Question: UInt64 {
        case horizontalFlip = 0
        case verticalFlip, rotation, shear, widthShift, heightShift, zoomX, zoomY
        case channelShift, brightness, contrast, saturation, hue, grayscale
        case cropX, cropY, cutoutX, cutoutY, blur
        case mixing, boxX, boxY
    }

    let random: Philox

    package init(seed: UInt64, epoch: Int, position: Int) {
        random = Philox(
            seed: seed, purpose: .augmentation, UInt32(truncatingIfNeeded: epoch),
            UInt32(truncatingIfNeeded: position))
    }

    package func word(_ question: Question) -> UInt32 {
        random.words(question.rawValue / 4)[Int(question.rawValue % 4)]
    }

    /// One of two, equally likely.
    package func coin(_ question: Question) -> Bool { word(question) >> 31 == 1 }

    /// A whole number below `bound`.
    package func number(_ question: Question, below bound: Int) -> Int {
        Int((UInt64(word(question)) * UInt64(bound)) >> 32)
    }

    /// A number of the range, one of 2^32 at equal distances.
    package func number(_ question: Question, in range: ClosedRange<Double>) -> Double {
        Self.number(word(question), in: range)
    }

    static func number(_ word: UInt32, in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * (Double(word) * 0x1p-32)
    }

    /// Where the words of the noise in an image begin.
    static let noise: UInt64 = 1 << 32

    /// The four words of one attempt to find a crop.
    func crop(_ attempt: Int) -> SIMD4<UInt32> { random.words((1 << 33) + UInt64(attempt)) }

    /// The four words of one of a model's own transforms, by its place among them.
    func transform(_ index: Int) -> SIMD4<UInt32> { random.words((1 << 34) + UInt64(index)) }

    /// The words of one attempt to draw how much an image keeps of itself.
    func share(_ attempt: Int) -> SIMD4<UInt32> { random.words((1 << 35) + UInt64(attempt)) }

    /// A word that helps to find the partners in a shard.
    func partner(_ index: Int) -> UInt32 { random.words((1 << 36) + UInt64(index / 4))[index % 4] }

    /// A number from `-bound` to `bound`.
    package func number(_ question: Question, within bound: Double) -> Double {
        number(question, in: -bound...bound)
    }
}
