// SPDX-License-Identifier: Apache-2.0
//
// A job that a program makes, and its training.

import Datasets
import Foundation
import Jobs
import Layers
import Runtime

extension Job {
    /// A job, checked as a job file is; the same job in a file gives the same bits.
    ///
    /// - Parameters:
    ///   - dataset: Where the images are, and what becomes of them. Without it, `train(on:)` is given them.
    /// - Throws: A `JobError` that names the field as a job file has it.
    public init(
        name: String = usualName, seed: UInt64 = usualSeed,
        dataset: DatasetConfiguration = .memory, model: Sequential, loss: Loss = usualLoss,
        training: TrainingOptions, cluster: ClusterOptions = ClusterOptions(),
        numerics: NumericsOptions = NumericsOptions()
    ) throws(JobError) {
        try self.init(
            name: name, seed: seed, dataset: dataset, nodes: model.nodes, loss: loss,
            training: training, cluster: cluster, numerics: numerics)
    }

    /// Trains on the images that the job's `dataset` names, and returns when the model is there.
    ///
    /// The workers decide how long that takes, and nothing else.
    ///
    /// - Parameters:
    ///   - folder: The run folder. A training that was interrupted goes on in it; one that is finished is read from it.
    ///     Without it, nothing is left on disk.
    ///   - progress: Told what happens, on another thread; it must return soon.
    public func train(
        in folder: String? = nil, workers: LocalWorkers = .threads(),
        progress: @escaping (RunEvent) -> Void = { _ in }
    ) throws -> TrainedModel {
        try train(openDatasets(dataset), in: folder, workers, progress)
    }

    /// Trains on images in memory. What the job's `dataset` says of augmentation, preprocessing, validation and classes
    /// holds for them too.
    ///
    /// - Parameters:
    ///   - validation: Evaluated after each epoch. Without it, as `dataset.validation` says: the test images, or the
    ///     last of those to train on.
    public func train(
        on images: LabelledImages, validation: LabelledImages? = nil, test: LabelledImages? = nil,
        in folder: String? = nil, workers: LocalWorkers = .threads(),
        progress: @escaping (RunEvent) -> Void = { _ in }
    ) throws -> TrainedModel {
        guard cluster.data == .ship else {
            throw RuntimeError(
                .dataset,
                "cluster.data is local, but images in memory are in no files that workers could read; "
                    + "leave it out")
        }
        var parts = [Partition.train: images]
        parts[.validation] = validation
        parts[.test] = test
        return try train(openDatasets(parts, dataset), in: folder, workers, progress)
    }

    private func train(
        _ data: [Partition: any Dataset], in folder: String?, _ workers: LocalWorkers,
        _ progress: @escaping (RunEvent) -> Void
    ) throws -> TrainedModel {
        let temporary = folder == nil ? try TemporaryFolder() : nil
        defer { withExtendedLifetime(temporary) {} }
        let place = try RunFolder(folder ?? temporary?.path ?? "")
        let observer = ClosureObserver(progress)
        let report = try LocalCluster(workers).train(observer: observer) {
            try Run.open(job: self, folder: place, data: data)
        }
        return try TrainedModel(
            ModelFile.read(place.modelPath), data: data, report: report, history: observer.epochs)
    }
}

extension DatasetConfiguration {
    /// Images that a program holds.
    public static var memory: Self { Self(format: .npy, path: "memory") }
}

/// Passes events on, and keeps the epochs'.
private final class ClosureObserver: RunObserver {
    private let closure: (RunEvent) -> Void
    private(set) var epochs: [EpochReport] = []

    init(_ closure: @escaping (RunEvent) -> Void) { self.closure = closure }

    func handle(_ event: RunEvent) {
        if case .epoch(let report) = event { epochs.append(report) }
        closure(event)
    }
}

/// A folder that is gone when the object is.
private final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("convoy-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
