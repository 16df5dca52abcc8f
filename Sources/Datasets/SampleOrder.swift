// SPDX-License-Identifier: Apache-2.0
//
// The shuffle of an epoch as a function: nothing is stored, so nothing can be lost or get out of step.

import Tensors

/// A permutation of `0..<count`, another one for each seed and epoch: `order[position]` is the sample
/// that stands there.
///
/// A Feistel network turns any function into a permutation of the numbers below a power of two. Numbers
/// that fall outside `0..<count` are sent through again until they fall inside ("cycle walking"): fewer
/// than two passes on average, because the power of two is the smallest that will do. But it is 256 at
/// least: halves of a bit or two have too few functions to shuffle well.
///
/// - Source: Black and Rogaway (2002), "Ciphers with Arbitrary Finite Domains".
public struct SampleOrder: Sendable {
    public let count: Int
    private let random: Philox
    private let firstRound: UInt64
    private static let fewestBits: UInt64 = 8

    /// The bits of the two halves of a number; they take turns.
    private let highBits: UInt64
    private let lowBits: UInt64

    /// - Precondition: `count` and `epoch` are not negative.
    public init(seed: UInt64, epoch: Int, count: Int) {
        precondition(count >= 0 && epoch >= 0, "SampleOrder: count \(count), epoch \(epoch)")
        self.init(
            Philox(seed: seed, purpose: .order, UInt32(truncatingIfNeeded: epoch)), count: count)
    }

    /// - Parameters:
    ///   - random: Numbers that nothing else is made of.
    ///   - round: Gives another permutation of the same numbers.
    init(_ random: Philox, round: Int = 0, count: Int) {
        self.count = count
        self.random = random
        firstRound = UInt64(round) << 40
        let bits = max(
            Self.fewestBits, UInt64(Int.bitWidth - max(count - 1, 0).leadingZeroBitCount))
        highBits = bits / 2
        lowBits = bits - bits / 2
    }

    /// - Precondition: `position` is in `0..<count`.
    public subscript(position: Int) -> Int {
        precondition(
            position >= 0 && position < count, "SampleOrder: position \(position) of \(count)")
        var number = UInt64(position)
        repeat { number = permuted(number) } while number >= UInt64(count)
        return Int(number)
    }

    /// Six rounds. In each one half is masked by a random function of the other, and they change places.
    private func permuted(_ number: UInt64) -> UInt64 {
        var (high, low) = (number >> lowBits, number & mask(lowBits))
        var (width, other) = (highBits, lowBits)
        for round: UInt64 in 0..<6 {
            let words = random.words(firstRound | round << 32 | low)
            (high, low) = (low, high ^ UInt64(words.x) & mask(width))
            swap(&width, &other)
        }
        return high << lowBits | low
    }

    private func mask(_ bits: UInt64) -> UInt64 { (1 << bits) - 1 }
}
