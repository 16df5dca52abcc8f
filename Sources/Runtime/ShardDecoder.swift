// SPDX-License-Identifier: Apache-2.0
//
// From the stored samples of a shard to pixels.

import Datasets
import Tensors

/// The pixels and labels of one shard. Belongs to one thread at a time.
final class ShardPixels: @unchecked Sendable {
    // Handed from thread to thread under the `WorkQueue`'s lock.
    /// `[samples][H][W][C]`
    let pixels: AlignedBuffer<UInt8>
    let labels: AlignedBuffer<Int32>
    /// `[samples][targets]`, where the loss reads numbers.
    let targets: AlignedBuffer<Float>
    /// What the loss of each image counts; empty where all count the same.
    let weights: AlignedBuffer<Float>
    /// Whom each image was mixed with; nil where none are.
    let mixture: Mixture?

    init(_ model: WorkerModel) {
        let shardSize = model.job.training.shardSize
        pixels = AlignedBuffer(count: shardSize * model.data.imageShape.count)
        labels = AlignedBuffer(count: shardSize)
        targets = AlignedBuffer(count: shardSize * model.targetCount)
        weights = AlignedBuffer(count: model.job.dataset.hasWeights ? shardSize : 0)
        mixture = model.mixing.map { Mixture($0, shardSize, model.data.imageShape) }
    }
}

/// Reads, decodes, augments and mixes for one thread.
final class ShardDecoder {
    private let model: WorkerModel
    private let local: SampleSources?
    private let cache: ImageCache?
    /// Whether it adds to the cache, which may take memory.
    private let keeps: Bool
    private let scratch: AlignedBuffer<UInt8>
    private var stored: AlignedBuffer<UInt8>

    /// - Parameters:
    ///   - local: The worker's own copy of the data, where only positions travel.
    ///   - cache: Of the worker's decoded images, if it keeps any.
    ///   - keeps: Whether what is decoded here is added to it; else it is only read.
    init(_ model: WorkerModel, local: SampleSources?, cache: ImageCache?, keeps: Bool) {
        self.model = model
        self.local = local
        self.cache = cache
        self.keeps = keeps
        scratch = AlignedBuffer(count: model.decoder.scratchCount)
        stored = AlignedBuffer(count: 1 << 16)
    }

    /// Overwrites `shard`, from the lease's records or from the worker's own files.
    func decode(_ task: ShardTask, into shard: ShardPixels) throws(DatasetError) {
        let lease = task.work.lease
        var records = task.records
        let source = local?.source(
            kind: lease.kind == .train ? .train : .evaluate, pass: lease.epoch)
        if local != nil { try Self.check(task.positions, of: source) }
        let targetCount = model.targetCount, numberCount = model.numberCount
        for (row, position) in task.positions.enumerated() {
            let bytes: UnsafeRawBufferPointer
            let targets = shard.targets[row * targetCount..<(row + 1) * targetCount]
            if let source {
                let index = source.index(at: position)
                let count = try source.dataset.storedBytes(index)
                if stored.count < count { stored = AlignedBuffer(count: count * 2) }
                let buffer = UnsafeMutableRawBufferPointer(stored[0..<count])
                try source.dataset.read(index, into: buffer)
                if source.dataset.encoding == .file {
                    // The coordinator's checksum.
                    guard let record = SampleRecord.first(of: records),
                        record.stored.count == SampleRecord.checksumBytes
                    else { throw Self.missing(position, lease.lease) }
                    try SampleManifest.check(
                        UnsafeRawBufferPointer(buffer), source.dataset.name(index),
                        is: record.stored.loadUnaligned(as: UInt64.self))
                    records = record.rest
                }
                shard.labels.base[row] = source.dataset.label(index)
                _ = targets.update(fromContentsOf: source.dataset.targets(index))
                if numberCount > targetCount {
                    shard.weights.base[row] = source.dataset.weight(index) ?? 1
                }
                bytes = UnsafeRawBufferPointer(buffer)
            } else {
                guard let record = SampleRecord.first(of: records) else {
                    throw Self.missing(position, lease.lease)
                }
                guard record.stored.count >= 4 * numberCount else {
                    throw Self.missing(position, lease.lease)
                }
                shard.labels.base[row] = record.label
                UnsafeMutableRawBufferPointer(targets).copyBytes(
                    from: record.stored[..<(4 * targetCount)])
                if numberCount > targetCount {
                    shard.weights.base[row] = UnsafeRawBufferPointer(
                        rebasing: record.stored[(4 * targetCount)...]
                    ).loadUnaligned(as: Float.self)
                }
                bytes = UnsafeRawBufferPointer(rebasing: record.stored[(4 * numberCount)...])
                guard bytes.count <= model.sampleBytes else {
                    throw DatasetError(
                        code: .tooLarge,
                        detail: "the sample at position \(position) came with \(bytes.count) bytes,"
                            + " expected at most \(model.sampleBytes); give coordinator and workers"
                            + " the same build of convoy")
                }
                records = record.rest
            }
            guard 0..<Int32(model.data.classes) ~= shard.labels.base[row] else {
                throw DatasetError(
                    code: .corrupt,
                    detail:
                        "the sample at position \(position) has label \(shard.labels.base[row]), "
                        + "expected 0 to \(model.data.classes - 1)")
            }
            let count = model.data.imageShape.count
            let image = shard.pixels[row * count..<(row + 1) * count]
            do throws(DatasetError) {
                try decode(bytes, into: image)
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
        if lease.kind == .train {
            shard.mixture?.mix(
                shard.pixels, shard.labels, seed: model.job.seed, epoch: lease.epoch,
                positions: task.positions)
        }
    }

    /// Decodes and resizes one sample, unless that has been done before.
    private func decode(
        _ stored: UnsafeRawBufferPointer, into image: MutableBytes
    ) throws(DatasetError) {
        guard let cache else { return try model.decoder.decode(stored, into: image) }
        let key = ImageCache.Key(stored)
        guard !cache.copy(key, into: image) else { return }
        try model.decoder.decode(stored, into: image)
        if keeps { cache.add(key, image) }
    }

    /// A coordinator that is broken may ask for anything.
    private static func check(
        _ positions: Range<Int>, of source: SampleSources.Source?
    ) throws(DatasetError) {
        let count = source?.dataset.count ?? 0
        guard positions.lowerBound >= 0, positions.upperBound <= count else {
            throw DatasetError(
                code: .corrupt,
                detail:
                    "the coordinator asks for positions \(positions) of a set of \(count) samples"
            )
        }
    }

    private static func missing(_ position: Int, _ lease: UInt64) -> DatasetError {
        DatasetError(
            code: .corrupt, detail: "the samples of lease \(lease) end before position \(position)")
    }
}
