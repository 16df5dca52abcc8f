// SPDX-License-Identifier: Apache-2.0

import Runtime
import Tensors
import Testing

@Suite struct ChunkPlanTests {
    /// Layers of a kernel and a bias each, of these floats.
    private func layout(_ sizes: [Int]) -> ParameterLayout {
        var entries: [ParameterLayout.Entry] = []
        var start = 0
        for (layer, size) in sizes.enumerated() {
            for (name, count) in [("kernel", size), ("bias", 16)] {
                entries.append(
                    .init(
                        name: "\(layer)/\(name)", shape: [count], range: start..<start + count,
                        layer: layer))
                start += count
            }
        }
        return ParameterLayout(entries: entries)
    }

    private static let layouts = [
        [16], [160, 160], [65_520, 65_520, 16], [16, 262_144, 16], [1_000_000],
        [16, 1_000_000, 65_536, 3_000_000, 16, 16], Array(repeating: 4_096, count: 100),
    ]

    @Test(arguments: layouts)
    func chunksCoverTheBufferInOrder(sizes: [Int]) {
        let layout = layout(sizes)
        let plan = ChunkPlan(layout: layout)
        #expect(plan.count == layout.count)
        var end = 0
        for chunk in plan.chunks {
            #expect(chunk.range.lowerBound == end)
            #expect(!chunk.range.isEmpty && chunk.range.count * 4 <= 1 << 20)
            #expect(chunk.range.lowerBound % 16 == 0)
            end = chunk.range.upperBound
        }
        #expect(end == layout.count)
    }

    @Test(arguments: layouts)
    func bucketsAreWholeLayersAndChunksLieInOne(sizes: [Int]) {
        let layout = layout(sizes)
        let plan = ChunkPlan(layout: layout)
        for entry in layout.entries {
            let holders = plan.buckets.filter { $0.range.overlaps(entry.range) }
            #expect(holders.count == 1 && holders[0].layers.contains(entry.layer))
        }
        #expect(plan.chunksOfBucket.count == plan.buckets.count)
        for (bucket, chunks) in plan.chunksOfBucket.enumerated() {
            #expect(plan.chunks[chunks].allSatisfy { $0.bucket == bucket })
            #expect(
                plan.chunks[chunks].reduce(0) { $0 + $1.range.count }
                    == plan.buckets[bucket].range.count)
        }
    }

    @Test(arguments: layouts)
    func theChunksOfARangeAreThoseThatOverlapIt(sizes: [Int]) {
        let layout = layout(sizes)
        let plan = ChunkPlan(layout: layout)
        for entry in layout.entries {
            let expected = plan.chunks.indices.filter {
                plan.chunks[$0].range.overlaps(entry.range)
            }
            #expect(Array(plan.chunks(holding: entry.range)) == expected)
        }
        #expect(plan.chunks(holding: 16..<16).isEmpty)
    }
}
