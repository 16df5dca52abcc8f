// SPDX-License-Identifier: Apache-2.0
//
// The fixed binary tree along which the shards of a step are added.

/// The shape of a step's sum: who is added to whom, whatever arrives first and wherever it was made.
///
/// Floating-point addition is not associative, so a sum has the same bits on every cluster only if
/// its parentheses are fixed. They follow from the number of shards alone. For five:
///
///     level 3              (3, 0)                      ((0 + 1) + (2 + 3)) + 4
///                    /              \
///     level 2     (2, 0)           (2, 1)
///                /      \             |                a node without a sibling passes through:
///     level 1 (1, 0)  (1, 1)       (1, 2)              adding zero would turn -0.0 into +0.0
///             /  \     /  \           |
///     level 0 0   1   2   3           4
///
/// Every aligned run of shards is one node, so a worker that holds such a run sends one vector for it.
public struct ReductionTree: Hashable, Sendable {
    /// The number of shards, at least 1.
    public let leaves: Int
    /// The node over all shards.
    public let root: TreeNode

    /// - Precondition: `leaves` is at least 1.
    public init(leaves: Int) {
        precondition(leaves >= 1, "a reduction tree of \(leaves) leaves has no root")
        self.leaves = leaves
        root = TreeNode(level: Int.bitWidth - (leaves - 1).leadingZeroBitCount, index: 0)
    }

    /// Whether `node` is a node of this tree, with at least one shard below it.
    public func contains(_ node: TreeNode) -> Bool {
        node.level >= 0 && node.level <= root.level && node.index >= 0
            && node.index <= (leaves - 1) >> node.level
    }

    /// The shards below `node`.
    ///
    /// - Precondition: `node` is one of this tree.
    public func range(of node: TreeNode) -> Range<Int> {
        check(node)
        return node.index << node.level..<min((node.index + 1) << node.level, leaves)
    }

    /// The node above; `nil` for the root.
    ///
    /// - Precondition: `node` is one of this tree.
    public func parent(of node: TreeNode) -> TreeNode? {
        check(node)
        return node == root ? nil : TreeNode(level: node.level + 1, index: node.index >> 1)
    }

    /// The node that `node` is added to; `nil` where there is none: `node` then passes through and *is*
    /// its parent. The root has no sibling either.
    ///
    /// - Precondition: `node` is one of this tree.
    public func sibling(of node: TreeNode) -> TreeNode? {
        check(node)
        let sibling = TreeNode(level: node.level, index: node.index ^ 1)
        return node != root && contains(sibling) ? sibling : nil
    }

    /// The fewest nodes that together are exactly the shards of `range`, from left to right: what a
    /// worker sends for a lease. At most two a level.
    ///
    /// - Precondition: `range` lies within the shards of this tree.
    public func nodes(covering range: Range<Int>) -> [TreeNode] {
        Array(CoveringNodes(of: range, in: self))
    }

    /// How many nodes `nodes(covering:)` has, without making them.
    ///
    /// - Precondition: `range` lies within the shards of this tree.
    public func nodeCount(covering range: Range<Int>) -> Int {
        checkRange(range)
        var start = range.lowerBound
        var nodes = 0
        while start < range.upperBound {
            // As large as the place allows, and the rest of the range, which is no limit where the
            // range goes to the last shard: beyond, nodes are empty.
            let aligned = start == 0 ? 1 << root.level : start & -start
            let room = range.upperBound - start
            let fitting = 1 << (Int.bitWidth - 1 - room.leadingZeroBitCount)
            start += range.upperBound == leaves ? aligned : min(aligned, fitting)
            nodes += 1
        }
        return nodes
    }

    private func check(_ node: TreeNode) {
        precondition(contains(node), "node \(node) is not in a tree of \(leaves) leaves")
    }

    fileprivate func checkRange(_ range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= leaves,
            "shards \(range) are not in a tree of \(leaves) leaves")
    }
}

/// `ReductionTree.nodes(covering:)` one at a time, without an array.
struct CoveringNodes: Sequence, IteratorProtocol {
    private let tree: ReductionTree
    private let end: Int
    private var start: Int

    init(of range: Range<Int>, in tree: ReductionTree) {
        tree.checkRange(range)
        self.tree = tree
        start = range.lowerBound
        end = range.upperBound
    }

    mutating func next() -> TreeNode? {
        guard start < end else { return nil }
        var node = TreeNode(level: 0, index: start)
        // Climb while `node` is a left child or alone, and the parent does not reach beyond the range.
        while node.index & 1 == 0, let parent = tree.parent(of: node),
            tree.range(of: parent).upperBound <= end
        {
            node = parent
        }
        start = tree.range(of: node).upperBound
        return node
    }
}
