// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@Suite struct ParameterLayoutTests {
    /// Kernel and bias of layers with the given numbers of kernel floats; biases have 16.
    private func layout(_ kernels: [Int]) -> ParameterLayout {
        var entries: [ParameterLayout.Entry] = []
        for (layer, count) in kernels.enumerated() {
            for (name, count) in [("kernel", count), ("bias", 16)] {
                let start = entries.last?.range.upperBound ?? 0
                entries.append(
                    .init(
                        name: "dense_\(layer)/\(name)", shape: [count],
                        range: start..<start + count,
                        layer: layer))
            }
        }
        return ParameterLayout(entries: entries)
    }

    @Test func bucketsAreWholeLayersThatCoverTheBuffer() {
        let layout = layout([1600, 64, 3200, 16, 16, 4800])
        let buckets = layout.buckets(of: 8 << 10)
        #expect(buckets.map(\.layers) == [0...1, 2...4, 5...5])
        #expect(buckets.first?.range.lowerBound == 0)
        #expect(buckets.last?.range.upperBound == layout.count)
        for (a, b) in zip(buckets, buckets.dropFirst()) {
            #expect(a.range.upperBound == b.range.lowerBound)
        }
    }

    @Test func allBucketsButTheFrontOneHoldTheBytesAskedFor() {
        let buckets = layout([16, 1600, 64, 3200, 16, 160]).buckets(of: 8 << 10)
        #expect(buckets.dropFirst().allSatisfy { $0.range.count * 4 >= 8 << 10 })
    }

    @Test func smallModelIsOneBucket() {
        #expect(layout([160, 16]).buckets().map(\.layers) == [0...1])
    }

    @Test func modelWithoutParametersHasNoBuckets() {
        #expect(ParameterLayout(entries: []).buckets().isEmpty)
        #expect(ParameterLayout(entries: []).count == 0)
    }

    @Test func parameterCountLeavesOutThePadding() {
        let layout = ParameterLayout(entries: [
            .init(name: "conv2d/kernel", shape: [3, 3, 1, 5], range: 0..<144, layer: 0),
            .init(name: "conv2d/bias", shape: [5], range: 144..<160, layer: 0),
        ])
        #expect(layout.parameterCount == 50)
        #expect(layout.count == 160)
    }

    @Test func gapBetweenEntriesTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = ParameterLayout(entries: [
                .init(name: "a", shape: [16], range: 0..<16, layer: 0),
                .init(name: "b", shape: [16], range: 32..<48, layer: 1),
            ])
        }
    }
}
