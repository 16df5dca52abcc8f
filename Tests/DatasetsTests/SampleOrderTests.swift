// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct SampleOrderTests {
    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 17, 100, 255, 256, 257, 1000, 4097, 50_000, 60_000])
    func everyPositionHoldsAnotherSample(count: Int) {
        for epoch in 0..<3 {
            let order = SampleOrder(seed: 42, epoch: epoch, count: count)
            var seen = [Bool](repeating: false, count: count)
            for position in 0..<count { seen[order[position]] = true }
            #expect(seen.allSatisfy { $0 }, "epoch \(epoch)")
        }
    }

    @Test func anotherEpochAndAnotherSeedGiveAnotherOrder() {
        func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
            let order = SampleOrder(seed: seed, epoch: epoch, count: 1000)
            return (0..<1000).map { order[$0] }
        }
        #expect(order(1, 0) == order(1, 0))
        #expect(order(1, 0) != order(1, 1))
        #expect(order(1, 0) != order(2, 0))
    }
}
