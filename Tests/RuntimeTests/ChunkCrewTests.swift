// SPDX-License-Identifier: Apache-2.0

import Coordination
import Engines
import Layers
import Runtime
import Tensors
import Testing

/// However many threads step the chunks of a layer, in pieces and in any order: each is stepped once, and to the
/// same bits as all weights at once.
@Suite struct ChunkCrewTests {
    /// A large layer with a penalty, in chunks of which the last one is short, and smaller ones around it.
    private static let layout: ParameterLayout = {
        let sizes = [70_000, 3 * ChunkPlan.maximumFloats + 40_016, 80_000]
        var entries: [ParameterLayout.Entry] = []
        var start = 0
        for (layer, size) in sizes.enumerated() {
            entries.append(
                .init(
                    name: "\(layer)/kernel", shape: [size], range: start..<start + size,
                    layer: layer, renewal: layer == 2 ? .frozen : .trained,
                    penalty: layer == 1 ? .init(l1: 0.01, l2: 0.1) : .init()))
            start += size
        }
        return ParameterLayout(entries: entries)
    }()

    private static let rules = [
        UpdateRule(Adam()), UpdateRule(SGD(momentum: 0.9), clipping: .globalNorm(0.5)),
        UpdateRule(AdamW(), weightDecay: 0.01, emaMomentum: 0.9),
    ]

    @Test(arguments: [1, 2, 3, 8], rules.indices)
    func eachChunkIsSteppedOnce(threads: Int, rule: Int) {
        let rule = Self.rules[rule], layout = Self.layout, plan = ChunkPlan(layout: layout)
        let kernels = Engine.best()
        var random = Seeded(UInt64(threads))
        let weights = random.floats(plan.count)
        let shelf = WeightShelf(
            plan: plan, rule: rule, kernels: kernels, weights: weights,
            slots: (0..<rule.slots).map {
                Array(repeating: rule.start(ofSlot: $0), count: plan.count)
            }, version: 0, memory: nil)
        let crew = ChunkCrew(shelf, kernels, threads: threads)
        defer { crew.dismiss() }
        let expected = Whole(weights, rule)
        let board = ReductionBoard(pool: VectorPool(floats: ChunkPlan.maximumFloats))

        for number in 1...12 {
            let shards = [1, 2, 3, 5][number % 4]
            let step = UpdateRule.Step(number, samples: 16 * shards)
            let gradients = (0..<shards).map { _ in random.floats(plan.count) }
            board.begin(
                StepID(raw: UInt64(number)), shards: shards, chunks: plan.chunks.map(\.range.count))
            for chunk in plan.chunks.indices {
                fill(board, chunk, gradients.map { Array($0[plan.chunks[chunk].range]) }, kernels)
            }
            var rest = Array(plan.chunks.indices).shuffled(using: &random)
            var renewed: [Int] = []
            while !rest.isEmpty {
                let some = rest.prefix(Int.random(in: 1...rest.count, using: &random))
                rest.removeFirst(some.count)
                let seals = crew.perform(some, of: board, step)
                #expect(seals.map(\.chunk).sorted() == some.sorted())
                for (chunk, seal) in seals {
                    renewed += shelf.renew(chunk, seal, step)
                    board.release(chunk)
                }
            }
            #expect(renewed.sorted() == Array(plan.chunks.indices))
            #expect(shelf.versions.allSatisfy { $0 == UInt64(number) })
            expected.apply(gradients, step, layout, kernels)
        }

        let found = AlignedBuffer<Float>(count: plan.count)
        shelf.gather(into: found.elements)
        #expect(
            found.elements.elementsEqual(expected.weights.elements) {
                $0.bitPattern == $1.bitPattern
            })
        for (slot, state) in zip(expected.slots, shelf.optimizerState) {
            #expect(slot.elements.elementsEqual(state) { $0.bitPattern == $1.bitPattern })
        }
    }

    /// Shard after shard, added along the tree.
    private func fill(
        _ board: ReductionBoard, _ chunk: Int, _ gradients: [[Float]], _ kernels: KernelSet
    ) {
        func store(_ node: TreeNode) {
            guard node.level > 0 else {
                return gradients[node.index].withUnsafeBytes {
                    board.store(chunk, node, .bytes($0, lender: nil), NodeMetrics())
                }
            }
            let left = TreeNode(level: node.level - 1, index: 2 * node.index)
            let right = TreeNode(level: node.level - 1, index: 2 * node.index + 1)
            store(left)
            guard right.index << right.level < gradients.count else {
                return board.pass(chunk, left, into: node)
            }
            store(right)
            board.merge(chunk, left: left, right: right, into: node, kernels)
        }
        store(board.root)
    }

    /// The same without chunks and threads.
    private final class Whole {
        let weights: AlignedBuffer<Float>
        let slots: [AlignedBuffer<Float>]
        private let rule: UpdateRule

        init(_ weights: [Float], _ rule: UpdateRule) {
            self.weights = AlignedBuffer(count: weights.count)
            _ = self.weights.elements.update(fromContentsOf: weights)
            self.rule = rule
            slots = (0..<rule.slots).map { slot in
                let buffer = AlignedBuffer<Float>(count: weights.count)
                buffer.elements.update(repeating: rule.start(ofSlot: slot))
                return buffer
            }
        }

        func apply(
            _ gradients: [[Float]], _ step: UpdateRule.Step, _ layout: ParameterLayout,
            _ kernels: KernelSet
        ) {
            var sums = gradients
            while sums.count > 1 {
                sums = stride(from: 0, to: sums.count, by: 2).map { left in
                    left + 1 < sums.count
                        ? zip(sums[left], sums[left + 1]).map { $0 + $1 } : sums[left]
                }
            }
            let sum = AlignedBuffer<Float>(count: weights.count)
            let scratch = AlignedBuffer<Float>(count: weights.count)
            _ = sum.elements.update(fromContentsOf: sums[0])
            func slot(_ index: Int?) -> MutableFloats {
                index.map { slots[$0].elements } ?? MutableFloats(start: nil, count: 0)
            }
            rule.apply(
                kernels, step,
                OptimizerSlice(
                    gradient: Floats(sum.elements), weights: Floats(weights.elements),
                    newWeights: weights.elements, first: slot(0),
                    second: slot(rule.optimizer.slots > 1 ? 1 : nil),
                    average: slot(rule.averageSlot)),
                at: 0, of: layout, scratch: scratch.elements)
        }
    }
}
