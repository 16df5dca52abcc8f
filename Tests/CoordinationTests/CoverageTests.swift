// SPDX-License-Identifier: Apache-2.0

import Coordination
import Testing

@Suite struct CoverageTests {
    /// Random nodes in random order, until the root is there: at any time the stored nodes are
    /// disjoint, and the shards they cover are those that have come.
    @Test func storedNodesAreAnAntichainOfWhatHasCome() {
        var random = SplitMix64(seed: 1)
        var coverage = Coverage()
        for _ in 0..<2000 {
            let tree = ReductionTree(leaves: 1 + random.below(20))
            coverage.reset(tree: tree, chunks: 2)
            var stored: Set<TreeNode> = []
            var come: Set<Int> = []
            while !coverage.isComplete(1) {
                let level = random.below(tree.root.level + 1)
                let arrival = node(level, random.below(((tree.leaves - 1) >> level) + 1))
                var actions: [Action] = []
                let answer = coverage.insert(arrival, chunk: 1, of: 0, into: &actions)
                #expect(
                    (answer == .covered)
                        == stored.contains {
                            tree.range(of: $0).contains(tree.range(of: arrival))
                        })
                #expect((answer == .covered) == actions.isEmpty)
                apply(actions, to: &stored)
                come.formUnion(tree.range(of: arrival))
                let shards = stored.flatMap { Array(tree.range(of: $0)) }
                #expect(shards.count == come.count && Set(shards) == come)
            }
            #expect(stored == [tree.root])
            #expect(!coverage.isComplete(0))
        }
    }

    @Test func aShardIsCoveredWhenItIsInEveryChunk() {
        var coverage = Coverage()
        coverage.reset(tree: ReductionTree(leaves: 100), chunks: 3)
        var actions: [Action] = []
        var covered = BitSet()
        for chunk in 0..<3 {
            coverage.formCovered(&covered)
            #expect(covered.gap(from: 0) == 0..<100)
            _ = coverage.insert(node(5, 1), chunk: chunk, of: 0, into: &actions)
            _ = coverage.insert(node(0, 70 + chunk), chunk: chunk, of: 0, into: &actions)
        }
        _ = coverage.insert(node(6, 1), chunk: 0, of: 0, into: &actions)
        coverage.formCovered(&covered)
        #expect(covered.gap(from: 0) == 0..<32)
        #expect(covered.gap(from: 32) == 64..<100)
    }

    private func apply(_ actions: [Action], to stored: inout Set<TreeNode>) {
        for action in actions {
            switch action {
            case .store(_, _, let node):
                #expect(stored.insert(node).inserted)
            case .discard(_, _, let node):
                #expect(stored.remove(node) != nil)
            case .merge(_, _, let left, let right, let node):
                #expect(stored.remove(left) != nil && stored.remove(right) != nil)
                stored.insert(node)
            case .pass(_, _, let node, let parent):
                #expect(stored.remove(node) != nil)
                stored.insert(parent)
            case .lease, .evict, .straggler, .drop, .reduced, .commit, .waiting, .corrupt,
                .undecided:
                Issue.record("coverage says \(action)")
            }
        }
    }
}
