// SPDX-License-Identifier: Apache-2.0
//
// A model against a data set, in this process: the same shards and the same tree as in a run.

import Coordination
import Datasets
import Engines
import Glibc
import Layers
import Synchronization
import Tensors

/// Mean loss and accuracy of a model over a data set.
public struct Evaluation: Sendable, Equatable {
    public let loss: Double
    /// nil of a regression, whose answers are neither right nor wrong.
    public let accuracy: Double?
    /// By the metrics of the job.
    public let metrics: MetricResults
    public let samples: Int
}

/// Evaluates and predicts with a trained model.
public final class Evaluator: @unchecked Sendable {
    // Immutable once made; each thread has a replica of its own.
    private let file: ModelFile
    private let kernels: KernelSet
    private let weights: AlignedBuffer<Float>
    private let prepared: PreparedWeights

    /// - Parameter engine: Name of a kernel set, or nil for the best one.
    public init(_ file: ModelFile, engine: String? = nil) throws {
        self.file = file
        kernels = try Engine.kernels(named: engine)
        weights = AlignedBuffer(count: file.weights.count)
        _ = weights.elements.update(fromContentsOf: file.weights)
        prepared = PreparedWeights(model: file.model, kernels: kernels)
        if let whitening = file.whitening {
            let matrix = AlignedBuffer<Float>(count: whitening.matrix.count)
            _ = matrix.elements.update(fromContentsOf: whitening.matrix)
            prepared.prepareWhitening(from: Floats(matrix.elements))
        }
        for stage in 0..<file.model.stageCount {
            prepared.prepare(stage: stage, from: Floats(weights.elements))
        }
    }

    /// Loss and accuracy over all samples of `dataset`.
    public func evaluate(_ dataset: any Dataset, threads: Int) throws -> Evaluation {
        guard dataset.imageShape == file.data.imageShape,
            dataset.classNames.count == file.data.classes
        else {
            throw RuntimeError(
                .dataset,
                "the model takes images of \(file.data.imageShape) in \(file.data.classes) "
                    + "classes, the data has \(dataset.imageShape) in \(dataset.classNames.count)")
        }
        let plan = RunPlan(
            trainingSamples: 0, validationSamples: dataset.count,
            batchSize: file.job.training.batchSize, shardSize: file.job.training.shardSize,
            epochs: 1)
        let shardSize = plan.shardSize
        let total = (dataset.count + shardSize - 1) / shardSize
        let results = Results(count: total)
        let crew = (0..<max(1, threads)).map { number in
            PlainThread("convoy-eval\(number)") { [self] in
                do {
                    let bench = Bench(self)
                    defer { results.add(bench.sums) }
                    while let shard = results.take() {
                        let first = shard * shardSize
                        let metrics = try bench.evaluate(
                            dataset, first..<min(first + shardSize, dataset.count))
                        results.put(shard, NodeMetrics(metrics))
                    }
                } catch { results.fail("\(error)") }
            }
        }
        for thread in crew { thread.join() }
        if let failure = results.failure { throw RuntimeError(.dataset, failure) }
        var sums = NodeMetrics()
        for index in 0..<plan.stepCount {
            let step = plan.step(StepID(raw: UInt64(index)))
            let first = step.samples.lowerBound / shardSize
            sums = sums + results.sum(first, ReductionTree(leaves: step.shards))
        }
        let penalty = file.model.parameters.penalty(
            of: Floats(weights.elements), at: 0, kernels)
        return Evaluation(
            loss: sums.meanLoss + penalty,
            accuracy: file.model.loss.isRegression ? nil : sums.accuracy,
            metrics: file.model.metrics.results(results.counts),
            samples: Int(sums.samples))
    }

    /// Whether `predict` gives numbers instead of probabilities.
    public var isRegression: Bool { file.model.loss.isRegression }

    /// Class probabilities of one image file, most probable first; of a regression its numbers, by the names
    /// of their columns.
    public func predict(
        _ bytes: UnsafeRawBufferPointer
    ) throws(DatasetError) -> [(className: String, probability: Float)] {
        let decoder = SampleDecoder(
            configuration: file.job.dataset, imageShape: file.data.imageShape, encoding: .file,
            kernels: kernels)
        let pixels = AlignedBuffer<UInt8>(count: file.data.imageShape.count)
        try decoder.decode(bytes, into: pixels.elements)
        return predict(pixels)
    }

    /// The same of an image of the shape that it was trained on.
    public func predict(
        pixels: [UInt8]
    ) throws(RuntimeError) -> [(className: String, probability: Float)] {
        let shape = file.data.imageShape
        guard pixels.count == shape.count else {
            throw RuntimeError(
                .dataset,
                "an image of \(pixels.count) values, but the model takes \(shape), \(shape.count) values"
            )
        }
        let buffer = AlignedBuffer<UInt8>(count: pixels.count)
        _ = buffer.elements.update(fromContentsOf: pixels)
        return predict(buffer)
    }

    private func predict(
        _ pixels: AlignedBuffer<UInt8>
    ) -> [(className: String, probability: Float)] {
        let count = file.model.outputs
        let output = AlignedBuffer<Float>(count: count)
        defer { withExtendedLifetime((pixels, output)) {} }
        Replica(model: file.model, kernels: kernels).predict(
            pixels: Bytes(pixels.elements), count: 1, weights: Floats(weights.elements),
            prepared: prepared, into: output.elements)
        // One output is the probability of the second of two classes, or tells by its sign which it is.
        let values =
            count == 1 && file.classNames.count == 2
            ? [(file.model.loss == .hinge ? 0 : 1) - output.base[0], output.base[0]]
            : Array(output.elements)
        let named = zip(file.classNames, values).map { (className: $0, probability: $1) }
        return isRegression ? named : named.sorted { $0.probability > $1.probability }
    }

    /// One thread's memory.
    private final class Bench {
        let owner: Evaluator
        let replica: Replica
        let decoder: SampleDecoder
        let pixels: AlignedBuffer<UInt8>
        let labels: AlignedBuffer<Int32>
        let targets: AlignedBuffer<Float>
        let weights: AlignedBuffer<Float>
        private let targetCount: Int
        private let counts: AlignedBuffer<Float>
        /// What was counted of all shards.
        private(set) var sums: [UInt64]
        var stored = AlignedBuffer<UInt8>(count: 1 << 16)

        init(_ owner: Evaluator) {
            self.owner = owner
            let file = owner.file
            replica = Replica(model: file.model, kernels: owner.kernels)
            decoder = SampleDecoder(
                configuration: file.job.dataset, imageShape: file.data.imageShape,
                encoding: file.data.encoding, kernels: owner.kernels)
            pixels = AlignedBuffer(count: file.job.training.shardSize * file.data.imageShape.count)
            labels = AlignedBuffer(count: file.job.training.shardSize)
            targetCount = file.model.loss.readsNumbers ? file.data.classes : 0
            targets = AlignedBuffer(count: file.job.training.shardSize * targetCount)
            weights = AlignedBuffer(
                count: file.job.dataset.hasWeights ? file.job.training.shardSize : 0)
            counts = AlignedBuffer(count: file.model.metrics.count)
            sums = Array(repeating: 0, count: counts.count)
        }

        func evaluate(_ dataset: any Dataset, _ range: Range<Int>) throws -> ShardMetrics {
            let size = owner.file.data.imageShape.count
            for (row, index) in range.enumerated() {
                let count = try dataset.storedBytes(index)
                if stored.count < count { stored = AlignedBuffer(count: count * 2) }
                let bytes = UnsafeMutableRawBufferPointer(stored[0..<count])
                try dataset.read(index, into: bytes)
                do throws(DatasetError) {
                    try decoder.decode(
                        UnsafeRawBufferPointer(bytes), into: pixels[row * size..<(row + 1) * size])
                } catch { throw error.named(dataset.name(index)) }
                labels.base[row] = dataset.label(index)
                _ = targets[row * targetCount..<(row + 1) * targetCount].update(
                    fromContentsOf: dataset.targets(index))
                if weights.count > 0 { weights.base[row] = dataset.weight(index) ?? 1 }
            }
            let metrics = try replica.evaluate(
                ShardInput(
                    pixels: Bytes(pixels[0..<range.count * size]),
                    labels: UnsafeBufferPointer(labels[0..<range.count]), seed: 0, epoch: 0,
                    firstPosition: range.lowerBound,
                    targets: Floats(targets[0..<range.count * targetCount]),
                    sampleWeights: Floats(weights[0..<(weights.count > 0 ? range.count : 0)])),
                weights: Floats(owner.weights.elements), prepared: owner.prepared,
                counts: counts.elements, willUse: { _ in }
            )
            for (place, count) in counts.elements.enumerated() { sums[place] += UInt64(count) }
            return metrics
        }
    }

    /// The shards' sums, written by whichever thread computed them.
    private final class Results: @unchecked Sendable {
        // Each element is written by one thread, and read when all threads are joined.
        private let sums: UnsafeMutableBufferPointer<NodeMetrics>
        private let next = Atomic<Int>(0)
        private let counted = Mutex<[UInt64]>([])
        private let message = Mutex<String?>(nil)

        init(count: Int) {
            sums = .allocate(capacity: count)
            sums.initialize(repeating: NodeMetrics())
        }
        deinit { sums.deallocate() }

        func take() -> Int? {
            let shard = next.add(1, ordering: .relaxed).oldValue
            return shard < sums.count && failure == nil ? shard : nil
        }
        func put(_ shard: Int, _ metrics: NodeMetrics) { sums[shard] = metrics }
        /// What one thread has counted, of all its shards.
        func add(_ counts: [UInt64]) {
            counted.withLock { sums in
                sums = sums.isEmpty ? counts : zip(sums, counts).map { $0 + $1 }
            }
        }
        var counts: [UInt64] { counted.withLock { $0 } }
        func fail(_ text: String) { message.withLock { $0 = $0 ?? text } }
        var failure: String? { message.withLock { $0 } }

        /// The sum over one step's shards, the first of which is `first`.
        func sum(_ first: Int, _ tree: ReductionTree) -> NodeMetrics {
            func sum(_ node: TreeNode) -> NodeMetrics {
                if node.level == 0 { return sums[first + node.index] }
                let left = TreeNode(level: node.level - 1, index: node.index * 2)
                let right = TreeNode(level: node.level - 1, index: node.index * 2 + 1)
                return tree.contains(right) ? sum(left) + sum(right) : sum(left)
            }
            return sum(tree.root)
        }
    }
}
