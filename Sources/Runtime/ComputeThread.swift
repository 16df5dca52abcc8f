// SPDX-License-Identifier: Apache-2.0
//
// What a compute thread of a worker does: shard after shard, from stored bytes to sums of gradients.

import Datasets
import Layers
import Tensors

/// One thread's memory and loop. Allocates at `init`, never in a step.
final class ComputeThread: @unchecked Sendable {
    // Used by its own thread only, once that is started.
    private let model: WorkerModel
    private let queue: WorkQueue
    private let replica: Replica
    private let local: SampleSources?
    private let pixels: AlignedBuffer<UInt8>
    private let scratch: AlignedBuffer<UInt8>
    private let labels: AlignedBuffer<Int32>
    private let mixture: Mixture?
    private var stored: AlignedBuffer<UInt8>
    private var thread: PlainThread?

    /// - Parameters:
    ///   - core: Where the thread has to stay; nil for anywhere.
    ///   - local: The worker's own copy of the data, where only positions travel.
    init(
        _ number: Int, core: Int?, model: WorkerModel, queue: WorkQueue, local: SampleSources?
    ) {
        self.model = model
        self.queue = queue
        self.local = local
        replica = Replica(model: model.model, kernels: model.kernels)
        let shardSize = model.job.training.shardSize
        pixels = AlignedBuffer(count: shardSize * model.data.imageShape.count)
        scratch = AlignedBuffer(count: model.decoder.scratchCount)
        labels = AlignedBuffer(count: shardSize)
        mixture = model.mixing.map { Mixture($0, shardSize, model.data.imageShape) }
        stored = AlignedBuffer(count: 1 << 16)
        thread = PlainThread("convoy-compute\(number)", core: core) { [self] in run() }
    }

    func join() { thread?.join() }

    private func run() {
        while let task = queue.nextShard() {
            do throws(DatasetError) {
                try decode(task)
                if task.work.lease.kind == .train {
                    mixture?.mix(
                        pixels, labels, seed: model.job.seed, epoch: task.work.lease.epoch,
                        positions: task.positions)
                }
            } catch {
                // Nothing is made of pixels that are not there: the step waits, and the run ends.
                queue.fail(task.work, shard: task.shard, layer: "", message: error.description)
                queue.finishShard(task.work)
                continue
            }
            if compute(task) { queue.finishShard(task.work) } else { queue.giveBack(task) }
        }
    }

    /// - Returns: False if the shard was interrupted and has to be taken up again.
    private func compute(_ task: ShardTask) -> Bool {
        let version = task.work.version
        switch queue.enter(task.work) {
        case .counted: break
        case .overtaken: return false
        case .outdated: return true
        }
        defer { queue.leave() }
        let lease = task.work.lease
        let input = ShardInput(
            pixels: Bytes(pixels[0..<task.positions.count * model.data.imageShape.count]),
            labels: UnsafeBufferPointer(labels[0..<task.positions.count]), seed: model.job.seed,
            epoch: lease.epoch, firstPosition: task.positions.lowerBound,
            classWeights: model.classWeights,
            partners: mixture?.partners(task.positions.count) ?? .init(start: nil, count: 0),
            shares: mixture?.shares(task.positions.count) ?? .init(start: nil, count: 0))
        do throws(LayerError) {
            switch lease.kind {
            case .train: try train(task, input)
            case .evaluate:
                let metrics = try replica.evaluate(
                    input, weights: model.weights(version: version), prepared: model.prepared,
                    willUse: { stage throws(LayerError) in
                        try queue.prepare(stage: stage, of: task.work)
                    })
                queue.deposit(
                    task.work, shard: task.shard, chunk: 0, gradient: nil,
                    metrics: NodeMetrics(metrics))
            }
        } catch {
            if error.code == .interrupted { return false }
            queue.fail(task.work, shard: task.shard, layer: error.layer, message: error.description)
        }
        return true
    }

    private func train(_ task: ShardTask, _ input: ShardInput) throws(LayerError) {
        let version = task.work.version
        let gradient = queue.takeGradient()
        var deposited = 0
        defer { queue.giveBack(gradient, chunks: model.chunks.chunks.count - deposited) }
        let metrics = try replica.train(
            input, weights: model.weights(version: version), prepared: model.prepared,
            gradient: gradient.memory.elements,
            willUse: { stage throws(LayerError) in try queue.prepare(stage: stage, of: task.work) },
            didFinish: { stage in
                // The front bucket waits for the metrics, which travel with it.
                let bucket = model.bucketDoneAtStage[stage]
                guard bucket > 0 else { return }
                deposited += model.chunks.chunksOfBucket[bucket].count
                deposit(task, bucket: bucket, gradient, NodeMetrics())
            })
        deposited += model.chunks.chunksOfBucket[0].count
        deposit(task, bucket: 0, gradient, NodeMetrics(metrics))
    }

    private func deposit(
        _ task: ShardTask, bucket: Int, _ gradient: FlightBuffer<Float>, _ metrics: NodeMetrics
    ) {
        for chunk in model.chunks.chunksOfBucket[bucket] {
            queue.deposit(
                task.work, shard: task.shard, chunk: chunk, gradient: gradient,
                metrics: chunk == 0 ? metrics : NodeMetrics())
        }
    }

    /// Stored bytes to pixels, from the lease's records or from the worker's own files.
    private func decode(_ task: ShardTask) throws(DatasetError) {
        let lease = task.work.lease
        var records = task.records
        let source = local?.source(
            kind: lease.kind == .train ? .train : .evaluate, pass: lease.epoch)
        for (row, position) in task.positions.enumerated() {
            let bytes: UnsafeRawBufferPointer
            if let source {
                let index = source.index(at: position)
                let count = try source.dataset.storedBytes(index)
                if stored.count < count { stored = AlignedBuffer(count: count * 2) }
                let buffer = UnsafeMutableRawBufferPointer(stored[0..<count])
                try source.dataset.read(index, into: buffer)
                labels.base[row] = source.dataset.label(index)
                bytes = UnsafeRawBufferPointer(buffer)
            } else {
                guard let record = SampleRecord.first(of: records) else {
                    throw DatasetError(
                        code: .corrupt,
                        detail:
                            "the samples of lease \(lease.lease) end before position \(position)")
                }
                labels.base[row] = record.label
                bytes = record.stored
                records = record.rest
            }
            guard 0..<Int32(model.data.classes) ~= labels.base[row] else {
                throw DatasetError(
                    code: .corrupt,
                    detail: "the sample at position \(position) has label \(labels.base[row]), "
                        + "expected 0 to \(model.data.classes - 1)")
            }
            let count = model.data.imageShape.count
            let image = pixels[row * count..<(row + 1) * count]
            do throws(DatasetError) {
                try model.decoder.decode(bytes, into: image)
            } catch {
                // Bytes that were sent have no name here; the coordinator looks it up.
                throw source.map { error.named($0.dataset.name($0.index(at: position))) } ?? error
            }
            if lease.kind == .train {
                model.decoder.augment(
                    image, seed: model.job.seed, epoch: lease.epoch, position: position,
                    scratch: scratch.elements)
            }
        }
    }
}

extension NodeMetrics {
    init(_ metrics: ShardMetrics) {
        self.init(
            lossSum: metrics.lossSum, correct: UInt64(metrics.correct),
            samples: UInt64(metrics.samples))
    }
}
