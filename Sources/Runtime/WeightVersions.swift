// SPDX-License-Identifier: Apache-2.0
//
// Which weights a worker has: a buffer of the newest even version, and one of the newest odd version.

/// The version of each chunk in both buffers. A version that has begun to come writes over the one two
/// steps back, so that one is gone from then on, though most of its chunks may still lie there.
package struct WeightVersions {
    package enum Standing: Equatable {
        /// None of it is there yet.
        case awaited
        /// It has begun to come, or is there.
        case current
        /// A later one has begun to come.
        case gone
    }

    /// Versions count from 0; this is none of them.
    package static let never = UInt64.max

    private var chunks: [[UInt64]]
    /// The newest even and the newest odd version that have begun to come.
    private var newest = [never, never]

    package init(chunks: Int) {
        self.chunks = Array(repeating: Array(repeating: Self.never, count: chunks), count: 2)
    }

    /// A chunk of a version is about to be written over whatever is there.
    package mutating func begin(_ version: UInt64, _ chunk: Int) {
        newest[Int(version & 1)] = version
        chunks[Int(version & 1)][chunk] = Self.never
    }

    /// It is written.
    package mutating func end(_ version: UInt64, _ chunk: Int) {
        chunks[Int(version & 1)][chunk] = version
    }

    package func standing(of version: UInt64) -> Standing {
        let newest = newest[Int(version & 1)]
        if newest == version { return .current }
        return newest == Self.never || newest < version ? .awaited : .gone
    }

    /// Whether all of these chunks are there in that version.
    package func has(_ version: UInt64, _ range: Range<Int>) -> Bool {
        chunks[Int(version & 1)][range].allSatisfy { $0 == version }
    }

    /// Whether all chunks are.
    package func has(_ version: UInt64) -> Bool {
        chunks[Int(version & 1)].allSatisfy { $0 == version }
    }
}
