// SPDX-License-Identifier: Apache-2.0
//
// A set of small integers that keeps its memory: shards, chunks, stored nodes, arrived messages.

/// Which of the integers `0..<count` are in the set, one bit each.
///
/// Emptied and sized by `reset`, which allocates only where the set never was that large before.
package struct BitSet: Equatable, Sendable {
    package private(set) var count = 0
    private var words: [UInt64] = []

    package init() {}

    /// Makes this the empty set over `0..<count`.
    package mutating func reset(count: Int) {
        words.removeAll(keepingCapacity: true)
        self.count = 0
        extend(by: count)
    }

    /// Lets that many more integers be members; none of them is one yet.
    package mutating func extend(by more: Int) {
        count += more
        let needed = (count + 63) >> 6
        words.append(contentsOf: repeatElement(0, count: needed - words.count))
    }

    /// Words for which there is memory.
    var capacity: Int { words.capacity }

    package func contains(_ index: Int) -> Bool {
        words[index >> 6] & (1 << UInt64(index & 63)) != 0
    }

    package mutating func insert(_ index: Int) {
        words[index >> 6] |= 1 << UInt64(index & 63)
    }

    package mutating func remove(_ index: Int) {
        words[index >> 6] &= ~(1 << UInt64(index & 63))
    }

    package mutating func insert(_ range: Range<Int>) {
        var index = range.lowerBound
        while index < range.upperBound {
            let end = min((index | 63) + 1, range.upperBound)
            words[index >> 6] |= (~0 >> UInt64(64 - (end - index))) << UInt64(index & 63)
            index = end
        }
    }

    /// Keeps what is in `other`, too.
    package mutating func formIntersection(_ other: BitSet) {
        for word in words.indices { words[word] &= other.words[word] }
    }

    /// The first member within `range`.
    package func first(in range: Range<Int>) -> Int? {
        first(in: range, flipping: 0)
    }

    /// The first run of integers from `start` on that are not in the set.
    package func gap(from start: Int) -> Range<Int>? {
        guard let lower = first(in: start..<count, flipping: ~0) else { return nil }
        return lower..<(first(in: lower..<count) ?? count)
    }

    private func first(in range: Range<Int>, flipping mask: UInt64) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            let rest = (words[index >> 6] ^ mask) >> UInt64(index & 63)
            if rest != 0 {
                let found = index + rest.trailingZeroBitCount
                return found < range.upperBound ? found : nil
            }
            index = (index | 63) + 1
        }
        return nil
    }
}
