// SPDX-License-Identifier: Apache-2.0
//
// Vectors without numbers: a stored vector is the expression that made it.

/// Expressions over shards. Equal expressions have equal numbers, so two can be compared at once:
/// shard `s` is `s`, and each sum is numbered when it is first met.
final class Sums {
    private struct Pair: Hashable { let left, right: Int }

    private var numbers: [Pair: Int] = [:]
    private var whole: [[Int]: Int] = [:]
    private static let shards = 1 << 20

    func sum(_ left: Int, _ right: Int) -> Int {
        let next = Self.shards + numbers.count
        let number = numbers[Pair(left: left, right: right), default: next]
        if number == next { numbers[Pair(left: left, right: right)] = next }
        return number
    }

    /// The sum that a step of that many shards must come to over `size` shards from `start` on, where
    /// `size` is a power of two. Written down from the definition, not from `ReductionTree`.
    func canonical(from start: Int, size: Int, shards: Int) -> Int {
        if size == 1 { return start }
        if let known = whole[[start, size, shards]] { return known }
        let left = canonical(from: start, size: size / 2, shards: shards)
        let middle = start + size / 2
        let answer =
            middle < shards
            ? sum(left, canonical(from: middle, size: size / 2, shards: shards)) : left
        whole[[start, size, shards]] = answer
        return answer
    }

    func root(shards: Int) -> Int {
        var size = 1
        while size < shards { size *= 2 }
        return canonical(from: 0, size: size, shards: shards)
    }
}

/// Steele et al. (2014), "Fast splittable pseudorandom number generators".
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// Below `bound`.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() >> 33) % bound
    }

    mutating func chance(oneIn count: Int) -> Bool {
        below(count) == 0
    }
}
