// SPDX-License-Identifier: Apache-2.0
//
// The part of the reduction tree that lies inside one lease, on the worker.

import Coordination
import Tensors

/// Adds the gradients of a lease's shards along the run's tree as they are finished, chunk by chunk.
///
/// Each shard computes into a buffer of its own. When both children of a node are there, the right one is
/// added to the left one; a node whose parent is not wholly inside the lease is ready to go. All calls
/// are made under the worker's lock; what is to be added is added without it.
package struct GradientLedger {
    /// A node that has its sum, for one chunk, and whose buffer holds it.
    package struct Ready {
        package var chunk: Int
        package var node: TreeNode
        /// Nil in an evaluation that counts nothing.
        package var gradient: FlightBuffer<Float>?
        package var metrics: NodeMetrics

        package init(
            chunk: Int, node: TreeNode, gradient: FlightBuffer<Float>?, metrics: NodeMetrics
        ) {
            self.chunk = chunk
            self.node = node
            self.gradient = gradient
            self.metrics = metrics
        }
    }

    package enum Outcome {
        /// The sibling is not there yet, or somebody else is adding.
        case kept
        /// Add the right gradient to the left one, then deposit that one as `parent`.
        case add(left: Ready, right: Ready, parent: TreeNode)
        case send(Ready)
    }

    private var tree: ReductionTree
    private var shards: Range<Int>
    private var waiting: [Ready] = []

    package init(stepShards: Int, lease: Range<Int>) {
        tree = ReductionTree(leaves: stepShards)
        shards = lease
        waiting.reserveCapacity(64)
    }

    /// Starts over for another lease, in the same memory.
    mutating func reset(stepShards: Int, lease: Range<Int>) {
        tree = ReductionTree(leaves: stepShards)
        shards = lease
        waiting.removeAll(keepingCapacity: true)
    }

    package mutating func deposit(_ item: Ready) -> Outcome {
        var item = item
        while true {
            guard let parent = tree.parent(of: item.node) else { return .send(item) }
            let range = tree.range(of: parent)
            guard range.lowerBound >= shards.lowerBound, range.upperBound <= shards.upperBound
            else {
                return .send(item)
            }
            guard let sibling = tree.sibling(of: item.node) else {
                item.node = parent
                continue
            }
            guard
                let index = waiting.firstIndex(where: {
                    $0.chunk == item.chunk && $0.node == sibling
                })
            else {
                waiting.append(item)
                return .kept
            }
            let other = waiting[index]
            waiting.swapAt(index, waiting.count - 1)
            waiting.removeLast()
            let isLeft = item.node.index < sibling.index
            let (left, right) = isLeft ? (item, other) : (other, item)
            return .add(left: left, right: right, parent: parent)
        }
    }
}
