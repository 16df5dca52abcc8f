// SPDX-License-Identifier: Apache-2.0

import Coordination
import Testing

@Suite struct ReductionTreeTests {
    @Test(arguments: [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (4097, 13)])
    func theRootIsAsHighAsItMustBe(leaves: Int, level: Int) {
        let tree = ReductionTree(leaves: leaves)
        #expect(tree.root == node(level, 0))
        #expect(tree.range(of: tree.root) == 0..<leaves)
        #expect(tree.parent(of: tree.root) == nil)
        #expect(tree.sibling(of: tree.root) == nil)
    }

    @Test func fiveLeavesAreTheTreeInTheDocumentation() {
        let tree = ReductionTree(leaves: 5)
        #expect(tree.sibling(of: node(0, 3)) == node(0, 2))
        #expect(tree.sibling(of: node(0, 4)) == nil)
        #expect(tree.sibling(of: node(2, 1)) == node(2, 0))
        #expect(tree.parent(of: node(0, 4)) == node(1, 2))
        #expect(tree.range(of: node(2, 1)) == 4..<5)
        #expect(!tree.contains(node(1, 3)))
        #expect(tree.nodes(covering: 1..<5) == [node(0, 1), node(1, 1), node(2, 1)])
    }

    /// A node and its sibling are their parent's shards, left before right.
    @Test(arguments: 1...33)
    func childrenMakeUpTheirParent(leaves: Int) {
        let tree = ReductionTree(leaves: leaves)
        for level in 0..<tree.root.level {
            for index in 0...(leaves - 1) >> level {
                let child = node(level, index)
                guard let parent = tree.parent(of: child) else {
                    Issue.record("\(child) has no parent")
                    continue
                }
                let sibling = tree.sibling(of: child)
                let shards =
                    tree.range(of: child).count + (sibling.map { tree.range(of: $0).count } ?? 0)
                #expect(shards == tree.range(of: parent).count)
                #expect(sibling.map { tree.sibling(of: $0) == child } ?? (child.index % 2 == 0))
            }
        }
    }

    /// Against all ranges: the nodes are the range, and none could be replaced by its parent.
    @Test(arguments: 1...40)
    func coveringNodesAreExactAndFewest(leaves: Int) {
        let tree = ReductionTree(leaves: leaves)
        for lower in 0...leaves {
            for upper in lower...leaves {
                let nodes = tree.nodes(covering: lower..<upper)
                #expect(nodes.flatMap { Array(tree.range(of: $0)) } == Array(lower..<upper))
                #expect(nodes.count == tree.nodeCount(covering: lower..<upper))
                for node in nodes {
                    let above = tree.parent(of: node).map { tree.range(of: $0) }
                    #expect(above.map { $0.lowerBound < lower || $0.upperBound > upper } ?? true)
                }
            }
        }
    }
}
