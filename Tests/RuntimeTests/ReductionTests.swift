// SPDX-License-Identifier: Apache-2.0

import Coordination
import Engines
import Runtime
import Tensors
import Testing

/// One step through the worker's ledgers, the step machine and the coordinator's board, without sockets:
/// whoever computes what and whatever comes first, the sum is that of the tree.
@Suite struct ReductionTests {
    private static let chunks = [33, 16]

    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 13, 16, 22, 64] as [Int], 1...8 as ClosedRange<UInt64>)
    func anyOrderOfArrivalGivesTheTreesSum(shards: Int, seed: UInt64) throws {
        var random = Seeded(seed &* 1000 &+ UInt64(shards))
        let gradients = (0..<shards).map { _ in Self.chunks.map { random.floats($0) } }
        let metrics = (0..<shards).map {
            NodeMetrics(
                lossSum: Double.random(in: 0...3, using: &random), correct: UInt64($0), samples: 16)
        }
        var step = try Step(gradients: gradients, metrics: metrics, random: random)
        let sums = try step.run()
        let tree = ReductionTree(leaves: shards)
        for chunk in Self.chunks.indices {
            let expected = Self.sum(tree, tree.root, gradients.map { $0[chunk] }) { a, b in
                zip(a, b).map { $0 + $1 }
            }
            #expect(sums.vectors[chunk].map(\.bitPattern) == expected.map(\.bitPattern))
        }
        #expect(sums.metrics == Self.sum(tree, tree.root, metrics, +))
    }

    /// The definition: a node is its left child plus its right one, and its left one where there is no
    /// right one.
    private static func sum<Value>(
        _ tree: ReductionTree, _ node: TreeNode, _ leaves: [Value], _ add: (Value, Value) -> Value
    ) -> Value {
        if node.level == 0 { return leaves[node.index] }
        let left = TreeNode(level: node.level - 1, index: node.index * 2)
        let right = TreeNode(level: node.level - 1, index: node.index * 2 + 1)
        let first = sum(tree, left, leaves, add)
        return tree.contains(right) ? add(first, sum(tree, right, leaves, add)) : first
    }
}

/// A step with workers that come, go, and send in any order.
private struct Step {
    struct Sums {
        var vectors: [[Float]]
        var metrics: NodeMetrics
    }

    private struct Vector {
        var contribution: Contribution
        var values: [Float]
        var metrics: NodeMetrics
    }

    /// Has what comes unmade.
    private final class Shelf: VectorMaker {
        private let gradients: [[[Float]]]
        init(_ gradients: [[[Float]]]) { self.gradients = gradients }

        func make(
            _ part: Range<Int>, ofChunk chunk: Int, shard: Int, of step: StepID,
            into vector: MutableFloats
        ) {
            _ = vector.update(fromContentsOf: gradients[shard][chunk][part])
        }
    }

    private let gradients: [[[Float]]]
    private let metrics: [NodeMetrics]
    private var random: Seeded
    private let kernels = Engine.best()
    private let workersMemory: SharedMemory
    private let view: SharedView?
    private var lent: [SharedMemory.Part] = []
    private var machine = StepMachine()
    private let board: ReductionBoard
    private let chunks: [Int]
    private let id = StepID(raw: 0)
    private var onTheWay: [Vector] = []
    private var workers: [WorkerID] = []
    private var joined: UInt64 = 0
    private var sums: Sums
    private var isCommitted = false

    init(gradients: [[[Float]]], metrics: [NodeMetrics], random: Seeded) throws {
        self.gradients = gradients
        self.metrics = metrics
        self.random = random
        chunks = gradients[0].map(\.count)
        board = ReductionBoard(
            pool: VectorPool(floats: chunks.max() ?? 0), maker: Shelf(gradients), lentFrom: 0)
        workersMemory = try SharedMemory()
        view = SharedView(workersMemory.name)
        board.begin(id, shards: gradients.count, chunks: chunks)
        sums = Sums(vectors: chunks.map { _ in [] }, metrics: NodeMetrics())
    }

    mutating func run() throws -> Sums {
        var actions: [Action] = []
        machine.stepPlanned(
            id, shards: gradients.count, chunks: chunks.count, at: .zero, into: &actions)
        for _ in 0..<Int.random(in: 1...4, using: &random) { join(into: &actions) }
        perform(&actions)
        while !isCommitted {
            let dice = Int.random(in: 0..<20, using: &random)
            if workers.isEmpty || (dice == 0 && joined < 12) {
                join(into: &actions)
            } else if dice == 1, joined < 12, let lost = workers.randomElement(using: &random) {
                workers.removeAll { $0 == lost }
                // Half of what is on the way is lost with it.
                onTheWay.removeAll {
                    $0.contribution.worker == lost && Bool.random(using: &random)
                }
                machine.workerLost(lost, at: .zero, into: &actions)
                if workers.isEmpty { join(into: &actions) }
            } else if let index = onTheWay.indices.randomElement(using: &random) {
                let vector = dice == 2 ? onTheWay[index] : onTheWay.remove(at: index)
                try arrive(vector)
                continue
            }
            perform(&actions)
        }
        return sums
    }

    private mutating func join(into actions: inout [Action]) {
        joined += 1
        let worker = WorkerID(raw: joined)
        workers.append(worker)
        machine.workerJoined(
            worker, threads: Int.random(in: 1...3, using: &random), at: .zero, into: &actions)
    }

    /// What the coordinator does with a vector: alternately as it comes, or by way of the board; from a
    /// message, or where it lies, or unmade.
    private mutating func arrive(_ vector: Vector) throws {
        let lender = Bool.random(using: &random) ? view : nil
        let lies = try lender.map { try lend(vector.values, to: $0) }
        var actions: [Action] = []
        machine.contributionArrived(vector.contribution, at: .zero, into: &actions)
        let chunk = vector.contribution.chunk
        vector.values.withUnsafeBytes { sent in
            let node = vector.contribution.node
            let arrived =
                node.level == 0 && Bool.random(using: &random)
                ? ArrivedVector.unmade(shard: node.index)
                : .bytes(lies ?? sent, lender: lender)
            var index = 0
            while index < actions.count {
                guard case .store(_, _, let node) = actions[index] else {
                    index += 1
                    continue
                }
                if index + 1 < actions.count,
                    case .merge(_, _, let left, let right, let parent) = actions[index + 1],
                    left == node || right == node, Bool.random(using: &random)
                {
                    // Discards come before the vector is stored.
                    for action in actions[..<index] { discard(action) }
                    board.add(
                        chunk, arrived, vector.metrics, to: left == node ? right : left,
                        into: parent, kernels)
                    actions.removeSubrange(...(index + 1))
                } else {
                    for action in actions[..<index] { discard(action) }
                    board.store(chunk, node, arrived, vector.metrics)
                    actions.removeSubrange(...index)
                }
                return
            }
        }
        perform(&actions)
    }

    private mutating func lend(
        _ values: [Float], to reader: SharedView
    ) throws -> UnsafeRawBufferPointer {
        let part = try #require(workersMemory.take(bytes: 4 * values.count))
        values.withUnsafeBytes { part.base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        lent.append(part)
        return try #require(reader.bytes(at: part.place, count: 4 * values.count))
    }

    /// In pieces, of which the last one is shorter.
    private func sum(_ chunk: Int) -> [Float] {
        let piece = 10
        let scratch = AlignedBuffer<Float>(count: board.scratch(forParts: piece))
        return stride(from: 0, to: chunks[chunk], by: piece).flatMap { start in
            Array(
                board.sum(
                    start..<min(start + piece, chunks[chunk]), ofChunk: chunk,
                    scratch: scratch.elements, kernels))
        }
    }

    private func discard(_ action: Action) {
        guard case .discard(_, let chunk, let node) = action else { return }
        board.discard(chunk, node)
    }

    private mutating func perform(_ actions: inout [Action]) {
        var index = 0
        while index < actions.count {
            switch actions[index] {
            case .lease(let lease): compute(lease)
            case .discard(_, let chunk, let node): board.discard(chunk, node)
            case .merge(_, let chunk, let left, let right, let parent):
                board.merge(chunk, left: left, right: right, into: parent, kernels)
            case .pass(_, let chunk, let node, let parent):
                board.pass(chunk, node, into: parent)
            case .reduced(let step, let chunk):
                sums.vectors[chunk] = sum(chunk)
                if chunk == 0 { sums.metrics = board.rootMetrics }
                board.release(chunk)
                machine.chunkApplied(step: step, chunk: chunk, at: .zero, into: &actions)
            case .commit: isCommitted = true
            case .store, .drop, .evict, .straggler, .corrupt, .undecided, .waiting: break
            }
            index += 1
        }
        actions.removeAll()
    }

    /// What a worker does with a lease: its shards' chunks are deposited in any order.
    private mutating func compute(_ lease: Lease) {
        var ledger = GradientLedger(stepShards: gradients.count, lease: lease.shards)
        var items: [GradientLedger.Ready] = []
        for shard in lease.shards {
            for chunk in chunks.indices {
                let buffer = FlightBuffer<Float>(count: chunks[chunk])
                _ = buffer.memory.elements.update(fromContentsOf: gradients[shard][chunk])
                items.append(
                    .init(
                        chunk: chunk, node: TreeNode(level: 0, index: shard), gradient: buffer,
                        metrics: chunk == 0 ? metrics[shard] : NodeMetrics()))
            }
        }
        items.shuffle(using: &random)
        while let item = items.popLast() {
            switch ledger.deposit(item) {
            case .kept: break
            case .add(let left, let right, let parent):
                guard let sum = left.gradient, let added = right.gradient else { break }
                kernels.add(
                    UnsafeRawBufferPointer(added.memory.elements), to: sum.memory.elements)
                let place = Int.random(in: 0...items.count, using: &random)
                items.insert(
                    .init(
                        chunk: left.chunk, node: parent, gradient: sum,
                        metrics: left.metrics + right.metrics), at: place)
            case .send(let ready):
                onTheWay.append(
                    Vector(
                        contribution: Contribution(
                            worker: lease.worker, step: lease.step, chunk: ready.chunk,
                            node: ready.node, lease: lease.id),
                        values: ready.gradient.map { Array($0.memory.elements) } ?? [],
                        metrics: ready.metrics))
            }
        }
    }
}
