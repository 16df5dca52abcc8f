// SPDX-License-Identifier: Apache-2.0
//
// A place in the reduction tree. The tree itself: ReductionTree.swift.

/// A node of a reduction tree: the sum over `2^level` shards from `index * 2^level` on, or over as
/// many of them as the step has.
public struct TreeNode: Hashable, Sendable, CustomStringConvertible {
    /// 0 for a single shard.
    public let level: Int
    /// Counts from the left within the level.
    public let index: Int

    public init(level: Int, index: Int) {
        self.level = level
        self.index = index
    }

    public var description: String { "(\(level), \(index))" }
}
