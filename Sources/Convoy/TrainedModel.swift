// SPDX-License-Identifier: Apache-2.0
//
// What a training leaves: a network with its weights.

import Datasets
import Foundation
import Jobs
import Layers
import Runtime

/// A trained model: it evaluates, predicts, and is saved as the file that `convoy` reads.
public struct TrainedModel: Sendable {
    /// What it has learnt to tell apart.
    public var classNames: [String] { file.classNames }
    /// The job that made it, with every default.
    public var job: Job { file.job }
    /// How its training ended; nil of a model that was read from a file, or whose run was finished before.
    public let report: FinalReport?
    /// The epochs of its training, as far as they have been done by this program.
    public let history: [EpochReport]
    private let file: ModelFile
    private let evaluator: Evaluator
    private let data: [Partition: any Dataset]?

    /// Reads a `model.safetensors`, or that of a run folder.
    public init(contentsOf path: String) throws {
        try self.init(ModelFile.read(ModelFile.path(path)), data: nil, report: nil, history: [])
    }

    init(
        _ file: ModelFile, data: [Partition: any Dataset]?, report: FinalReport?,
        history: [EpochReport]
    ) throws {
        self.file = file
        self.data = data
        self.report = report
        self.history = history
        evaluator = try Evaluator(file)
    }

    /// Its weights by Keras's names and in Keras's shapes.
    public var weights: [NamedTensor] {
        // The buffer lives for the length of the call.
        unsafe file.weights.withUnsafeBufferPointer { unsafe file.model.exportTensors($0) }
    }

    /// Writes a `model.safetensors`.
    public func save(to path: String) throws { try file.write(to: path) }

    /// Mean loss and accuracy over a part of the data that it was trained with.
    ///
    /// - Throws: If the data has no such part, or the files of a model that was read are not where its job says.
    public func evaluate(
        on part: Partition = .test, threads: Int = Cores.available
    ) throws -> Evaluation {
        guard let dataset = try (data ?? openDatasets(job.dataset))[part] else {
            throw RuntimeError(
                .dataset,
                "the data has no \(part.rawValue) images; evaluate on another part, or give images")
        }
        return try evaluator.evaluate(dataset, threads: threads)
    }

    /// Mean loss and accuracy over images in memory.
    public func evaluate(
        on images: LabelledImages, threads: Int = Cores.available
    ) throws -> Evaluation {
        try evaluator.evaluate(images.dataset(classNames: classNames), threads: threads)
    }

    /// A class with its probability; of a regression a name with its number.
    public struct Prediction: Hashable, Sendable {
        public let className: String
        public let probability: Float
    }

    /// What it sees in one image, the most probable class first.
    ///
    /// - Parameter pixels: `[H, W, C]` of the images that it was trained on.
    public func predict(pixels: [UInt8]) throws -> [Prediction] {
        try evaluator.predict(pixels: pixels).map(Prediction.init)
    }

    /// What it sees in a JPEG, PNG, BMP or WebP file, which is brought to the size that it was trained on.
    public func predict(contentsOf path: String) throws -> [Prediction] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // The bytes live for the length of the call.
        return try unsafe bytes.withUnsafeBytes { try unsafe evaluator.predict($0) }
            .map(Prediction.init)
    }
}

extension TrainedModel.Prediction {
    fileprivate init(_ named: (className: String, probability: Float)) {
        self.init(className: named.className, probability: named.probability)
    }
}
