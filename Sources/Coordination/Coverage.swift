// SPDX-License-Identifier: Apache-2.0
//
// Which sums of a step are stored, and what a new one does to them.

/// The stored nodes of every chunk of one step.
///
/// In each chunk they are an antichain, no node above another, so each shard is in at most one of
/// them; and no two are siblings, for those are merged at once. When the root is stored, every shard
/// is in the sum exactly once, and was added in the order of the tree: whatever came, from whom, when.
///
/// A chunk is a heap of one bit a node: the root is 1, the children of `n` are `2n` and `2n + 1`, and
/// the descendants `k` levels below `n` are `n << k` to `(n + 1) << k`.
package struct Coverage: Sendable {
    package private(set) var tree = ReductionTree(leaves: 1)
    package private(set) var chunks = 0
    private var stored = BitSet()
    /// Scratch of `formCovered`.
    private var covered = BitSet()

    package enum Arrival: Equatable, Sendable {
        /// Nothing changed: these shards are in the chunk's sum already.
        case covered
        case stored
        /// Stored, and with it the root: the chunk is complete.
        case completed
    }

    package init() {}

    /// Forgets everything and takes the shape of another step; keeps its memory.
    package mutating func reset(tree: ReductionTree, chunks: Int) {
        self.tree = tree
        self.chunks = chunks
        stored.reset(count: chunks << (tree.root.level + 1))
        covered.reset(count: tree.leaves)
    }

    var capacity: Int { stored.capacity + covered.capacity }

    package func isComplete(_ chunk: Int) -> Bool {
        stored.contains(base(of: chunk) + 1)
    }

    /// Takes in one vector.
    ///
    /// - Precondition: `chunk` and `node` are of this step.
    package mutating func insert(
        _ node: TreeNode, chunk: Int, of step: StepID, into actions: inout [Action]
    ) -> Arrival {
        let base = base(of: chunk)
        let place = (1 << (tree.root.level - node.level)) + node.index
        var above = place
        while above >= 1 {
            if stored.contains(base + above) { return .covered }
            above >>= 1
        }
        for depth in 0..<node.level {
            let below = base + (place << (depth + 1))..<base + ((place + 1) << (depth + 1))
            var from = below.lowerBound
            while let found = stored.first(in: from..<below.upperBound) {
                stored.remove(found)
                actions.append(.discard(step, chunk, self.node(at: found - base)))
                from = found + 1
            }
        }
        actions.append(.store(step, chunk, node))
        let top = climb(from: node, at: place, base: base, chunk: chunk, of: step, into: &actions)
        stored.insert(base + top)
        return top == 1 ? .completed : .stored
    }

    /// Sets `shards` to those that are in the sum of every chunk.
    package mutating func formCovered(_ shards: inout BitSet) {
        shards.reset(count: tree.leaves)
        shards.insert(0..<tree.leaves)
        for chunk in 0..<chunks where !isComplete(chunk) {
            let base = base(of: chunk)
            let end = base + (2 << tree.root.level)
            covered.reset(count: tree.leaves)
            var from = base
            while let found = stored.first(in: from..<end) {
                covered.insert(tree.range(of: node(at: found - base)))
                from = found + 1
            }
            shards.formIntersection(covered)
        }
    }

    /// Merges the node that has just come, the vector in hand, as far up as its siblings are there.
    /// Returns the place where it stays.
    private mutating func climb(
        from node: TreeNode, at place: Int, base: Int, chunk: Int, of step: StepID,
        into actions: inout [Action]
    ) -> Int {
        var node = node
        var place = place
        while let parent = tree.parent(of: node) {
            if let sibling = tree.sibling(of: node) {
                guard stored.contains(base + (place ^ 1)) else { break }
                stored.remove(base + (place ^ 1))
                let isLeft = node.index < sibling.index
                actions.append(
                    .merge(
                        step, chunk, left: isLeft ? node : sibling,
                        right: isLeft ? sibling : node, into: parent))
            } else {
                actions.append(.pass(step, chunk, node, into: parent))
            }
            node = parent
            place >>= 1
        }
        return place
    }

    private func base(of chunk: Int) -> Int {
        chunk << (tree.root.level + 1)
    }

    private func node(at place: Int) -> TreeNode {
        let depth = Int.bitWidth - 1 - place.leadingZeroBitCount
        return TreeNode(level: tree.root.level - depth, index: place - (1 << depth))
    }
}
