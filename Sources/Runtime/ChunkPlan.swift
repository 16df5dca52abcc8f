// SPDX-License-Identifier: Apache-2.0
//
// The flat parameter buffer cut into buckets, and buckets into chunks.

import Tensors

/// A chunk is what is reduced, stepped and sent in one piece: at most 1 MiB of one bucket.
///
/// Every process of a run cuts the same way, since the cut is a function of the layout alone. It cannot
/// change bits: everything done to a chunk is done element by element.
package struct ChunkPlan: Sendable {
    package static let maximumFloats = (1 << 20) / 4

    package struct Chunk: Sendable {
        package let bucket: Int
        /// Floats of the flat buffer.
        package let range: Range<Int>
    }

    package let buckets: [ParameterLayout.Bucket]
    /// In the order of the buffer: front layers first.
    package let chunks: [Chunk]
    package let layout: ParameterLayout
    package var count: Int { layout.count }
    /// For each bucket its chunks.
    package let chunksOfBucket: [Range<Int>]

    package init(layout: ParameterLayout) {
        buckets = layout.buckets()
        var chunks: [Chunk] = []
        var ranges: [Range<Int>] = []
        for (index, bucket) in buckets.enumerated() {
            let first = chunks.count
            var lower = bucket.range.lowerBound
            while lower < bucket.range.upperBound {
                let upper = min(lower + Self.maximumFloats, bucket.range.upperBound)
                chunks.append(Chunk(bucket: index, range: lower..<upper))
                lower = upper
            }
            ranges.append(first..<chunks.count)
        }
        self.chunks = chunks
        chunksOfBucket = ranges
        self.layout = layout
    }

    /// The chunks that hold any of these floats.
    package func chunks(holding range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty,
            let first = chunks.firstIndex(where: { $0.range.upperBound > range.lowerBound }),
            let last = chunks.lastIndex(where: { $0.range.lowerBound < range.upperBound })
        else { return 0..<0 }
        return first..<last + 1
    }
}
