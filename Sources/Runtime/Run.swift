// SPDX-License-Identifier: Apache-2.0
//
// A job, its data and its folder, opened together: everything a coordinator needs to know.

import Coordination
import Datasets
import Digests
import Engines
import Foundation
import Glibc
import Jobs
import Layers
import Tensors

/// A run that is about to start or to go on.
public struct Run {
    public let job: Job
    public let folder: RunFolder
    public let model: Model
    public let data: DataDescription
    public let classNames: [String]
    public let sources: SampleSources
    public let test: (any Dataset)?
    /// Images that are left out, each with the reason.
    let skipped: [String]
    public let kernels: KernelSet
    public let plan: RunPlan
    let chunks: ChunkPlan
    let decoder: SampleDecoder
    /// The matrix that whitens images, if any does.
    let whitening: Whitening?
    /// Where its weights came from.
    public let startingWeights: StartingWeights
    /// Where the run stands: its beginning, or its last checkpoint.
    let start: Checkpoint
    /// Checkpoints that could not be used, and why.
    public let damaged: [String]
    let incarnation: UInt32
    /// The job's name, and what sets this run apart from others of that name.
    let id: String
    let host: String

    /// What decides the bits, as text: the job's part and the data's fingerprints.
    let identity: String
    /// Of the data that workers compute with.
    let fingerprint: Digest

    /// - Throws: If a callback looks at what there is not.
    private static func check(
        _ callbacks: Callbacks, of job: Job, hasValidation: Bool
    ) throws(RuntimeError) {
        for callback in callbacks.all {
            let monitor = callback.monitor, name = type(of: callback).kerasName
            if monitor.needsValidation, !hasValidation {
                throw RuntimeError(
                    .dataset,
                    "\(name) looks at \(monitor.rawValue), but the job has no validation data; set "
                        + "dataset.validation, or monitor: \(monitor.isAccuracy ? "accuracy" : "loss")"
                )
            }
            if monitor.isAccuracy, job.loss.isRegression {
                throw RuntimeError(
                    .dataset,
                    "\(name) looks at \(monitor.rawValue), but a model with loss \(job.loss.name) has no "
                        + "accuracy; set monitor: val_loss")
            }
        }
    }

    public var isFinished: Bool {
        start.next.raw >= plan.stepCount || start.callbacks.hasStopped
    }
    public var resumedStep: Int? { start.next.raw == 0 ? nil : Int(start.optimizerSteps) }

    /// Reads the data, plans the network, and finds the last checkpoint that is whole.
    ///
    /// - Parameters:
    ///   - engine: Name of a kernel set, or nil for the best one.
    ///   - data: What has been opened already, `.train` among it; else the job's data is.
    public static func open(
        job given: Job, folder: RunFolder, engine: String? = nil,
        data opened: [Partition: any Dataset]? = nil
    ) throws -> Run {
        try folder.check(given)
        let kernels = try Engine.kernels(named: engine)
        let datasets = try opened ?? openDatasets(given.dataset)
        guard let training = datasets[.train], training.count > 0 else {
            throw RuntimeError(.dataset, "the data set has no training images; check dataset.path")
        }
        let validation = datasets[.validation]
        let data = DataDescription(
            imageShape: training.imageShape, classes: training.classNames.count,
            encoding: training.encoding)
        let plan = try RunPlan(
            given.training, trainingSamples: training.count, validationSamples: validation?.count)
        try check(given.training.callbacks, of: given, hasValidation: plan.validationSamples > 0)
        let statistics =
            try given.dataset.preprocessing.needsStatistics
            ? folder.statistics(of: training.fingerprint)
                ?? ChannelStatistics(of: training, given.dataset, kernels) : nil
        if given.dataset.preprocessing.zcaWhitening { try Whitening.check(data.imageShape) }
        let model = try given.model(
            input: data.imageShape, classes: data.classes, statistics: statistics)
        try model.metrics.check(samplesPerStep: plan.evaluationBatch)
        var whitening: Whitening?
        if let statistics, given.dataset.preprocessing.zcaWhitening {
            whitening =
                try folder.whitening(of: training.fingerprint)
                ?? Whitening(
                    of: training, given.dataset, mean: statistics.mean,
                    epsilon: given.dataset.preprocessing.zcaEpsilon, kernels: kernels)
        }
        let starting = try StartingWeights(of: given, model, in: folder)
        var job = given
        job.resolution = Resolution(
            blockSize: model.blockSize, imageShape: data.imageShape.extents, classes: data.classes,
            encoding: data.encoding,
            startingWeights: starting.digest,
            trainingData: training.fingerprint, validationData: validation?.fingerprint,
            testData: datasets[.test]?.fingerprint,
            classWeights: try given.training.classWeight?.weights(in: training),
            statistics: statistics, whitening: whitening?.digest)
        let identity = job.identityWithData
        try folder.claim(job)
        if let whitening { try folder.save(whitening) }
        try starting.keep(model, in: folder)
        var hash = SHA256()
        for set in [training, validation].compactMap({ $0 }) {
            set.fingerprint.bytes.withUnsafeBytes { hash.update($0) }
        }
        let beginning = Checkpoint(
            next: StepID(raw: 0), optimizerSteps: 0, epochSums: NodeMetrics(),
            weights: starting.weights,
            slots: (0..<job.training.optimizer.slots).map {
                Array(
                    repeating: job.training.optimizer.start(ofSlot: $0),
                    count: model.parameters.count)
            })
        let incarnation = try folder.countIncarnation()
        var damaged: [String] = []
        var start: Checkpoint?
        for path in folder.checkpoints where start == nil {
            do {
                start = try Checkpoint.read(
                    from: path, identity: identity, count: model.parameters.count,
                    slots: job.training.optimizer.slots)
            } catch { damaged.append("\(error)") }
        }
        return Run(
            job: job, folder: folder, model: model, data: data, classNames: training.classNames,
            sources: SampleSources(
                training: training, validation: validation, seed: job.seed,
                sampling: job.training.sampling),
            test: datasets[.test], skipped: Self.skipped(datasets), kernels: kernels,
            plan: plan,
            chunks: ChunkPlan(layout: model.parameters),
            decoder: SampleDecoder(
                configuration: job.dataset, imageShape: data.imageShape, encoding: data.encoding,
                kernels: kernels),
            whitening: whitening, startingWeights: starting,
            start: start ?? beginning, damaged: damaged, incarnation: incarnation.number,
            id: "\(job.name) \(incarnation.run)", host: ProcessInfo.processInfo.hostName,
            identity: identity,
            fingerprint: hash.finalize())
    }

    /// What observers are told at the start.
    func info(endpoint: String, workers: Int) -> RunInfo {
        RunInfo(
            job: job.name, output: folder.path, endpoint: endpoint, epochs: job.training.epochs,
            stepsPerEpoch: plan.trainingStepsPerEpoch,
            trainingSamples: sources.training.count,
            validationSamples: plan.validationSamples, testSamples: test?.count ?? 0,
            batchSize: plan.batchSize, shardSize: job.training.shardSize,
            blockSize: model.blockSize,
            parameters: model.parameters.entries.reduce(0) { $0 + $1.shape.count },
            workers: workers, skipped: skipped)
    }

    /// The same images may serve validation and test.
    private static func skipped(_ datasets: [Partition: any Dataset]) -> [String] {
        Partition.allCases.reduce(into: []) { skipped, part in
            skipped += (datasets[part]?.skipped ?? []).filter { !skipped.contains($0) }
        }
    }

    /// "step 12 of epoch 3, shard 4 (images 64 to 79)", for messages.
    func describe(_ id: StepID, shard: Int) -> String {
        guard id.raw < plan.stepCount, shard < plan.step(id).shards else { return "step \(id)" }
        let step = plan.step(id)
        let range = plan.samples(ofShard: shard, in: step)
        return
            "\(step.kind == .train ? "step" : "validation step") \(step.stepInPhase + 1) of epoch "
            + "\(step.epoch + 1), shard \(shard) (positions \(range.lowerBound) to \(range.upperBound - 1))"
    }

    /// The first sample of a shard that does not decode, by its name: what a worker that was sent bytes
    /// cannot know.
    func undecodable(_ id: StepID, shard: Int) -> DatasetError? {
        guard id.raw < plan.stepCount, shard < plan.step(id).shards else { return nil }
        let step = plan.step(id)
        guard let source = sources.source(kind: step.kind, pass: step.pass) else { return nil }
        let pixels = AlignedBuffer<UInt8>(count: data.imageShape.count)
        for position in plan.samples(ofShard: shard, in: step) {
            let index = source.index(at: position)
            do throws(DatasetError) {
                let count = try source.dataset.storedBytes(index)
                let stored = AlignedBuffer<UInt8>(count: count)
                try source.dataset.read(index, into: UnsafeMutableRawBufferPointer(stored.elements))
                do throws(DatasetError) {
                    try decoder.decode(
                        UnsafeRawBufferPointer(stored.elements), into: pixels.elements)
                } catch { throw error.named(source.dataset.name(index)) }
            } catch { return error }
        }
        return nil
    }
}

extension Job {
    /// What decides the bits: the job's identity with the fingerprints of data and starting weights.
    var identityWithData: String {
        guard let resolution else { return identity }
        return identity
            + "training_data: \(resolution.trainingData)\n"
            + "validation_data: \(resolution.validationData?.description ?? "none")\n"
            + "starting_weights: \(resolution.startingWeights)\n"
            + (resolution.statistics.map {
                "mean: \($0.mean)\ndeviation: \($0.deviation)\n"
            } ?? "")
            + (resolution.whitening.map { "zca_whitening: \($0)\n" } ?? "")
            + (resolution.classWeights.map { "class_weights: \($0)\n" } ?? "")
    }

    /// What is not as it was where the job's own fields are the same; nothing if either is not resolved.
    func dataDifferences(from other: Job) -> [String] {
        guard let here = resolution, let there = other.resolution else { return [] }
        func line(_ name: String, _ there: Digest?, _ here: Digest?) -> String? {
            guard there != here else { return nil }
            func text(_ digest: Digest?) -> String {
                digest.map { "\($0.description.prefix(12))" } ?? "none"
            }
            return "\(name): \(text(there)), here \(text(here))"
        }
        return [
            line("training data", there.trainingData, here.trainingData),
            line("validation data", there.validationData, here.validationData),
            line("starting weights", there.startingWeights, here.startingWeights),
        ].compactMap { $0 }
    }
}
