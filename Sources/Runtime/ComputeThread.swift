// SPDX-License-Identifier: Apache-2.0
//
// What a compute thread of a worker does: shard after shard, from pixels to sums of gradients.

import Datasets
import Layers
import Tensors

/// One thread's memory and loop. Allocates at `init`, never in a step.
final class ComputeThread: @unchecked Sendable {
    // Used by its own thread only, once that is started.
    private let model: WorkerModel
    private let queue: WorkQueue
    private let replica: Replica
    private let decoder: ShardDecoder
    private var shard: ShardPixels
    private let faults: FaultInjector?
    private let timeline: Timeline?
    private var thread: PlainThread?

    /// - Parameters:
    ///   - core: Where the thread has to stay; nil for anywhere.
    ///   - local: The worker's own copy of the data, where only positions travel.
    ///   - cache: Where data threads keep decoded images, if they do.
    ///   - timeline: What the thread does, for whoever wants to know.
    init(
        _ number: Int, core: Int?, model: WorkerModel, queue: WorkQueue, local: SampleSources?,
        cache: ImageCache?, faults: FaultInjector?, timeline: Timeline?
    ) {
        self.model = model
        self.queue = queue
        self.faults = faults
        self.timeline = timeline
        decoder = ShardDecoder(model, local: local, cache: cache, keeps: false)
        shard = ShardPixels(model)
        replica = Replica(model: model.model, kernels: model.kernels)
        thread = PlainThread("convoy-compute\(number)", core: core) { [self] in run() }
    }

    func join() { thread?.join() }

    private func run() {
        while let (task, undecoded) = queue.nextShard(&shard, timeline) {
            // What no data thread has done yet is done here: it is what there is to do.
            if let undecoded, !decode(task, keepingUp: undecoded) { continue }
            if compute(task) {
                queue.finishShard(task.work)
            } else {
                queue.giveBack(task, &shard)
            }
        }
    }

    /// - Returns: False if there are no pixels.
    private func decode(_ task: ShardTask, keepingUp work: LeaseWork) -> Bool {
        let start = Monitor.now
        timeline?.begin(.data, step: task.work.lease.step, part: task.shard)
        do throws(DatasetError) {
            try decoder.decode(task, into: shard)
        } catch {
            queue.fail(task, error)
            return false
        }
        queue.noteWait(for: work, since: start)
        return true
    }

    /// - Returns: False if the shard was interrupted and has to be taken up again.
    private func compute(_ task: ShardTask) -> Bool {
        switch queue.enter(task.work, timeline) {
        case .counted: break
        case .overtaken: return false
        case .outdated: return true
        }
        defer { queue.leave() }
        let lease = task.work.lease
        let input = ShardInput(
            pixels: Bytes(shard.pixels[0..<task.positions.count * model.data.imageShape.count]),
            labels: UnsafeBufferPointer(shard.labels[0..<task.positions.count]),
            seed: model.job.seed,
            epoch: lease.epoch, firstPosition: task.positions.lowerBound,
            classWeights: model.classWeights,
            partners: shard.mixture?.partners(task.positions.count) ?? .init(start: nil, count: 0),
            shares: shard.mixture?.shares(task.positions.count) ?? .init(start: nil, count: 0),
            targets: Floats(shard.targets[0..<task.positions.count * model.targetCount]),
            sampleWeights: Floats(
                shard.weights[0..<(shard.weights.count > 0 ? task.positions.count : 0)]))
        do throws(LayerError) {
            switch lease.kind {
            case .train: try train(task, input)
            case .evaluate: try evaluate(task, input)
            }
        } catch {
            if error.code == .interrupted { return false }
            queue.fail(task.work, shard: task.shard, layer: error.layer, message: error.description)
        }
        return true
    }

    private func evaluate(_ task: ShardTask, _ input: ShardInput) throws(LayerError) {
        timeline?.begin(.forward, step: task.work.lease.step, part: task.shard)
        let counts = queue.takeCounts()
        do throws(LayerError) {
            let metrics = try replica.evaluate(
                input, weights: model.weights(version: task.work.version), prepared: model.prepared,
                counts: counts?.memory.elements ?? .init(start: nil, count: 0),
                willUse: { stage throws(LayerError) in
                    try queue.prepare(stage: stage, of: task.work, timeline)
                })
            queue.deposit(
                task.work, shard: task.shard, chunk: 0, gradient: counts,
                metrics: NodeMetrics(metrics))
        } catch {
            counts?.release()
            throw error
        }
    }

    private func train(_ task: ShardTask, _ input: ShardInput) throws(LayerError) {
        let version = task.work.version
        faults?.strike(.compute, step: version + 1)
        let gradient = queue.takeGradient()
        var deposited = 0
        defer { queue.giveBack(gradient, chunks: model.chunks.chunks.count - deposited) }
        let metrics = try replica.train(
            input, weights: model.weights(version: version), prepared: model.prepared,
            gradient: gradient.memory.elements,
            willUse: { stage throws(LayerError) in
                try queue.prepare(stage: stage, of: task.work, timeline)
            },
            factored: { model.factors.gradient(ofStage: $0) },
            begins: { pass in
                timeline?.begin(
                    pass == .forward ? .forward : .backward, step: task.work.lease.step,
                    part: task.shard)
            },
            didFinish: { stage in
                // The front bucket waits for the metrics, which travel with it.
                let bucket = model.bucketDoneAtStage[stage]
                guard bucket > 0 else { return }
                deposited += model.chunks.chunksOfBucket[bucket].count
                deposit(task, bucket: bucket, gradient, NodeMetrics())
            })
        if faults?.isCorrupt == true {
            let first = gradient.memory.elements[0]
            gradient.memory.elements[0] = Float(bitPattern: first.bitPattern ^ 1 << 20)
        }
        deposited += model.chunks.chunksOfBucket[0].count
        deposit(task, bucket: 0, gradient, NodeMetrics(metrics))
    }

    private func deposit(
        _ task: ShardTask, bucket: Int, _ gradient: FlightBuffer<Float>, _ metrics: NodeMetrics
    ) {
        if let layer = model.factors.layer(ofBucket: bucket) {
            return queue.depositFactors(
                task.work, shard: task.shard, samples: task.positions.count, of: layer,
                gradient: gradient)
        }
        for chunk in model.chunks.chunksOfBucket[bucket] {
            queue.deposit(
                task.work, shard: task.shard, chunk: chunk, gradient: gradient,
                metrics: chunk == 0 ? metrics : NodeMetrics())
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
