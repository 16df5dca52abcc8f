// SPDX-License-Identifier: Apache-2.0

import Coordination
import Testing

@Suite struct BitSetTests {
    @Test func itIsTheSetThatItStandsFor() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<500 {
            let count = 1 + random.below(200)
            var bits = BitSet()
            bits.reset(count: count)
            var set: Set<Int> = []
            for _ in 0..<random.below(20) {
                let lower = random.below(count)
                let upper = lower + random.below(count - lower + 1)
                bits.insert(lower..<upper)
                set.formUnion(lower..<upper)
                let index = random.below(count)
                if random.chance(oneIn: 2) {
                    bits.insert(index)
                    set.insert(index)
                } else {
                    bits.remove(index)
                    set.remove(index)
                }
            }
            #expect((0..<count).filter { bits.contains($0) } == set.sorted())
            let from = random.below(count)
            let to = from + random.below(count - from + 1)
            #expect(bits.first(in: from..<to) == set.filter { from..<to ~= $0 }.min())
            let gap = (from..<count).first { !set.contains($0) }
            #expect(bits.gap(from: from)?.lowerBound == gap)
            if let gap {
                let end = (gap..<count).first { set.contains($0) } ?? count
                #expect(bits.gap(from: from)?.upperBound == end)
            }
        }
    }
}
