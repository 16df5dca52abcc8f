// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Tensors
import Testing

@Suite struct BalancedOrderTests {
    /// Labels, and nothing else.
    private struct Labels: Dataset {
        let labels: [Int32]
        let classNames: [String]
        let imageShape: Shape = [1, 1, 1]
        let encoding = SampleEncoding.pixels
        let fingerprint = sha256(UnsafeRawBufferPointer(start: nil, count: 0))
        var count: Int { labels.count }
        func label(_ index: Int) -> Int32 { labels[index] }
        func name(_ index: Int) -> String { "\(index)" }
        func storedBytes(_ index: Int) -> Int { 1 }
        func read(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) {}
    }

    /// 70, 20, 0 and 7 samples of four classes, mixed.
    private static let labels = Labels(
        labels: (0..<97).map { i in
            let place = i * 37 % 97
            return place < 70 ? 0 : place < 90 ? 1 : 3
        }, classNames: ["a", "b", "none", "d"])

    private func epoch(_ seed: UInt64, _ epoch: Int) -> [Int] {
        let order = BalancedOrder(seed: seed, epoch: epoch, ClassIndex(Self.labels))
        return (0..<Self.labels.count).map { order[$0] }
    }

    @Test func classesComeEquallyOften() {
        for number in 0..<5 {
            var counts = [0, 0, 0, 0]
            for sample in epoch(3, number) { counts[Int(Self.labels.label(sample))] += 1 }
            #expect(counts == [33, 32, 0, 32])
        }
    }

    @Test func samplesOfAClassComeEquallyOften() {
        var times = [Int](repeating: 0, count: 97)
        for sample in epoch(3, 1) { times[sample] += 1 }
        for (sample, times) in times.enumerated() {
            switch Self.labels.label(sample) {
            case 0: #expect(times <= 1)  // 33 of 70
            case 1: #expect(1...2 ~= times)  // 32 from 20
            default: #expect(4...5 ~= times)  // 32 from 7
            }
        }
    }

    /// What one epoch leaves out comes in another.
    @Test func nothingIsLeftOutForEver() {
        let seen = Set((0..<20).flatMap { epoch(3, $0) })
        #expect(seen.count == 97)
    }

    @Test func orderIsAFunctionOfSeedAndEpoch() {
        #expect(epoch(1, 0) == epoch(1, 0))
        #expect(epoch(1, 0) != epoch(1, 1))
        #expect(epoch(1, 0) != epoch(2, 0))
        // Neither classes nor rounds follow one order.
        let labels = epoch(1, 0).prefix(12).map { Self.labels.label($0) }
        #expect(labels != (0..<12).map { [0, 1, 3][$0 % 3] })
    }

    /// A change here changes the bits of every balanced run.
    @Test func orderIsPinned() {
        #expect(epoch(7, 1).prefix(8) == [55, 7, 34, 45, 73, 23, 6, 62])
    }
}
