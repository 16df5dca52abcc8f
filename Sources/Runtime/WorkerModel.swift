// SPDX-License-Identifier: Apache-2.0
//
// What a worker computes with, for one job: the same on every worker of a run.

import Datasets
import Jobs
import Layers
import Tensors
import Wire

/// The data of a run as a worker must know it without having the files.
public struct DataDescription: Sendable, Equatable {
    /// `[H, W, C]` of a decoded image.
    public var imageShape: Shape
    public var classes: Int
    public var encoding: SampleEncoding

    package init(imageShape: Shape, classes: Int, encoding: SampleEncoding) {
        self.imageShape = imageShape
        self.classes = classes
        self.encoding = encoding
    }
}

/// A job's network, laid out for one worker process with some threads.
final class WorkerModel: @unchecked Sendable {
    // Immutable but for weights and `prepared`, whose writers and readers `WorkQueue` keeps apart.
    let job: Job
    let model: Model
    let kernels: KernelSet
    let chunks: ChunkPlan
    let factors: FactorPlan
    let decoder: SampleDecoder
    /// What mixes the images of a shard; nil if nothing does.
    let mixing: ImageMixing?
    let data: DataDescription
    /// What the loss of an image of each class counts; empty where all count the same.
    private let classWeightBuffer: AlignedBuffer<Float>
    /// The flat buffers of the newest even and the newest odd version.
    private var weights = [Floats](repeating: Floats(start: nil, count: 0), count: 2)
    /// Where copies of them lie, if they are copied.
    private var copies: [AlignedBuffer<Float>?] = [nil, nil]
    let prepared: PreparedWeights
    /// For each stage the chunks that hold its parameters.
    let chunksOfStage: [Range<Int>]
    /// For each stage the bucket whose gradients are whole when its backward pass is done; -1 for none.
    let bucketDoneAtStage: [Int]

    var stageCount: Int { model.stageCount }
    /// Numbers that come with each sample, where the loss reads them.
    var targetCount: Int { model.loss.readsNumbers ? data.classes : 0 }
    /// With what its loss counts, where the data says so.
    var numberCount: Int { targetCount + (job.dataset.hasWeights ? 1 : 0) }

    /// The most bytes that the stored form of a sample may have.
    var sampleBytes: Int {
        switch data.encoding {
        case .pixels: data.imageShape.count
        case .file: job.dataset.maxSampleBytes
        }
    }

    /// - Parameter factoredShards: Of a whole batch, where gradients travel as factors; else 0.
    init(
        job: Job, data: DataDescription, kernels: KernelSet, factoredShards: Int = 0
    ) throws(LayerError) {
        self.job = job
        self.data = data
        self.kernels = kernels
        model = try job.model(input: data.imageShape, classes: data.classes)
        chunks = ChunkPlan(layout: model.parameters)
        factors = FactorPlan(model, chunks, shards: factoredShards)
        decoder = SampleDecoder(
            configuration: job.dataset, imageShape: data.imageShape, encoding: data.encoding,
            kernels: kernels)
        mixing = ImageMixing(
            job.dataset.augmentation, imageShape: data.imageShape, kernels: kernels)
        let counts = job.resolution?.classWeights ?? []
        classWeightBuffer = AlignedBuffer(count: counts.count)
        _ = classWeightBuffer.elements.update(fromContentsOf: counts.map(Float.init))
        prepared = PreparedWeights(model: model, kernels: kernels)
        let ranges = (0..<model.stageCount).map(model.parameterRange)
        chunksOfStage = ranges.map(chunks.chunks(holding:))
        bucketDoneAtStage = ranges.map { [chunks] range in
            range.isEmpty
                ? -1
                : chunks.buckets.firstIndex { $0.range.lowerBound == range.lowerBound } ?? -1
        }
    }

    /// Where a chunk lies in the memory of a sum: of gradients, or of what an evaluation counts.
    func range(ofChunk chunk: Int, of kind: Message.Lease.Kind) -> Range<Int> {
        switch kind {
        case .train: chunks.chunks[chunk].range
        case .evaluate: 0..<model.metrics.count
        }
    }

    var classWeights: Floats { Floats(classWeightBuffer.elements) }

    /// The weights of a version, for the threads that compute with it.
    func weights(version: UInt64) -> Floats { weights[Int(version & 1)] }

    /// From here on the weights of a version are these, in memory that outlives this object.
    func use(_ flat: Floats, version: UInt64) { weights[Int(version & 1)] = flat }

    /// From here on the weights of a version are those that are written here.
    func copy(version: UInt64) -> MutableFloats {
        let parity = Int(version & 1)
        let copy = copies[parity] ?? AlignedBuffer(count: chunks.count)
        copies[parity] = copy
        weights[parity] = Floats(copy.elements)
        return copy.elements
    }
}
