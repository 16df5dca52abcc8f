// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct SampleOrderTests {
    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 17, 100, 255, 256, 257, 1000, 4097, 50_000, 60_000])
    func everyPositionHoldsAnotherSample(count: Int) {
        for epoch in 0..<2 {
            let order = SampleOrder(seed: 42, epoch: epoch, count: count)
            var seen = [Bool](repeating: false, count: count)
            for position in 0..<count { seen[order[position]] = true }
            #expect(seen.allSatisfy { $0 }, "epoch \(epoch)")
        }
    }

    @Test func orderIsAFunctionOfSeedAndEpoch() {
        func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
            let order = SampleOrder(seed: seed, epoch: epoch, count: 1000)
            return (0..<1000).map { order[$0] }
        }
        #expect(order(1, 0) == order(1, 0))
        #expect(order(1, 0) != order(1, 1))
        #expect(order(1, 0) != order(2, 0))
    }

    /// A change here changes the bits of every run.
    @Test func orderIsPinned() {
        let order = SampleOrder(seed: 7, epoch: 1, count: 10)
        #expect((0..<10).map { order[$0] } == [8, 2, 3, 4, 0, 6, 7, 1, 5, 9])
    }

    /// A sample falls into each tenth of the epoch equally often, and neighbours part: what a shuffle is
    /// for.
    @Test func samplesSpreadEvenly() throws {
        var tenths = [Int](repeating: 0, count: 10)
        var neighbours = 0
        for epoch in 0..<400 {
            let order = SampleOrder(seed: 3, epoch: epoch, count: 100)
            let place = try #require((0..<100).first { order[$0] == 42 })
            tenths[place / 10] += 1
            if abs(order[50] - order[51]) == 1 { neighbours += 1 }
        }
        // Binomial: means 40 and 8, five standard deviations.
        #expect(tenths.allSatisfy { abs($0 - 40) < 31 }, "\(tenths)")
        #expect(neighbours < 23)
    }

    @Test(arguments: [3, 5, 8]) func smallSetsShuffleToo(count: Int) {
        let epochs = 1500
        var pairs: [[Int]: Int] = [:]
        for epoch in 0..<epochs {
            let order = SampleOrder(seed: 5, epoch: epoch, count: count)
            pairs[[order[0], order[count - 1]], default: 0] += 1
        }
        // Each ordered pair begins and ends equally many epochs: five standard deviations.
        let mean = Double(epochs) / Double(count * (count - 1))
        #expect(pairs.count == count * (count - 1))
        #expect(pairs.values.allSatisfy { abs(Double($0) - mean) < 5 * mean.squareRoot() })
    }

    @Test func largestCountsWork() {
        let order = SampleOrder(seed: 1, epoch: 0, count: 1 << 40)
        let samples = (0..<1000).map { order[$0 << 20] }
        #expect(Set(samples).count == 1000)
        #expect(samples.allSatisfy { (0..<1 << 40).contains($0) })
    }

    @Test func positionOutsideTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = SampleOrder(seed: 1, epoch: 0, count: 10)[10]
        }
    }
}
