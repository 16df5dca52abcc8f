// SPDX-License-Identifier: Apache-2.0
//
// A trained model in one file: everything that evaluating, predicting and summarising need.

import Datasets
import Digests
import Foundation
import Jobs
import Layers
import Tensors

/// `model.safetensors`: weights under Keras's names and in Keras's shapes, and in the metadata the job, the
/// classes and the input's shape.
///
/// Equal jobs make equal files: nothing in it tells how or where the run went.
public struct ModelFile: Sendable {
    public let job: Job
    public let data: DataDescription
    public let classNames: [String]
    public let model: Model
    /// The flat buffer.
    public let weights: [Float]
    /// What images are whitened by, if they are.
    public let whitening: Whitening?

    public init(
        job: Job, data: DataDescription, classNames: [String], model: Model, weights: [Float],
        whitening: Whitening? = nil
    ) {
        self.job = job
        self.data = data
        self.classNames = classNames
        self.model = model
        self.weights = weights
        self.whitening = whitening
    }

    /// - Returns: SHA-256 of the weights as they stand in the file.
    @discardableResult
    public func write(to path: String) throws(RuntimeError) -> Digest {
        var file = Safetensors()
        file.metadata = [
            "format": "convoy-model-1", "job": job.portableYAML,
            "classes": Self.json(classNames),
            "input_shape": data.imageShape.extents.map(String.init).joined(separator: ","),
            "encoding": data.encoding.rawValue,
        ]
        file.tensors = weights.withUnsafeBufferPointer { weights in
            model.exportTensors(weights).map {
                .init(name: $0.name, shape: $0.shape, values: $0.values)
            }
        }
        if let whitening { file.tensors.append(whitening.tensor) }
        try file.write(to: path)
        return file.digest
    }

    /// The file that a path means: a run folder stands for the model in it.
    public static func path(_ path: String) -> String {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return exists && isFolder.boolValue ? path + "/model.safetensors" : path
    }

    /// Reads a model back, with the network that its metadata describes.
    ///
    /// - Parameter overrides: Changes of the job in it, as `training.metrics=[auc]`.
    public static func read(
        _ path: String, overrides: [String] = []
    ) throws(RuntimeError) -> ModelFile {
        let file = try Safetensors.read(from: path)
        func field(_ name: String) throws(RuntimeError) -> String {
            guard let value = file.metadata[name] else {
                throw RuntimeError(
                    .modelFile,
                    "\(path): the metadata has no '\(name)'; expected a model.safetensors "
                        + "that convoy wrote")
            }
            return value
        }
        let format = try field("format")
        guard format == "convoy-model-1" else {
            throw RuntimeError(
                .modelFile, "\(path): found format \(format), expected convoy-model-1")
        }
        let shape = try field("input_shape").split(separator: ",").compactMap { Int($0) }
        let classes =
            (try? JSONSerialization.jsonObject(with: Data(try field("classes").utf8))) as? [String]
        guard shape.count == 3, shape.allSatisfy({ 1...1 << 16 ~= $0 }), let classes,
            !classes.isEmpty,
            let encoding = SampleEncoding(rawValue: try field("encoding"))
        else {
            throw RuntimeError(
                .modelFile,
                "\(path): input_shape, classes or encoding are damaged; copy the file again")
        }
        let job: Job
        let text = try field("job")
        do throws(JobError) {
            job = try Job.parse(yaml: text, overrides: overrides, file: path)
        } catch {
            throw RuntimeError(.modelFile, "\(error)")
        }
        guard !job.lacksStatistics else {
            throw RuntimeError(
                .modelFile,
                "\(path): the job does not say what the run found of its training images; "
                    + "copy the file again")
        }
        let whitening = Whitening(in: file)
        guard whitening?.digest == job.resolution?.whitening else {
            throw RuntimeError(
                .modelFile,
                "\(path): the matrix that whitens images is not the one it was trained with; copy "
                    + "the file again")
        }
        do throws(LayerError) {
            let model = try job.model(input: Shape(shape), classes: classes.count)
            // Before memory is taken for a model that only a damaged line made large.
            for entry in model.parameters.entries where file[entry.name]?.shape != entry.shape {
                let found = file[entry.name].map { "shape \($0.shape)" } ?? "no such tensor"
                throw LayerError(
                    code: .tensorMismatch, layer: entry.name,
                    detail: "found \(found), expected shape \(entry.shape); is this the file of "
                        + "another model?")
            }
            let flat = AlignedBuffer<Float>(count: model.parameters.count)
            defer { withExtendedLifetime(flat) {} }
            try model.importTensors(file.named, into: flat.elements)
            return ModelFile(
                job: job,
                data: DataDescription(
                    imageShape: Shape(shape), classes: classes.count, encoding: encoding),
                classNames: classes, model: model, weights: Array(flat.elements),
                whitening: whitening)
        } catch { throw RuntimeError(.modelFile, "\(path): \(error)") }
    }

    private static func json(_ names: [String]) -> String {
        let data = try? JSONSerialization.data(
            withJSONObject: names, options: [.withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }
}

extension Whitening {
    static let tensorName = "zca_whitening"

    /// As it stands in checkpoints and model files.
    var tensor: Safetensors.Tensor {
        .init(name: Self.tensorName, shape: [count, count], values: matrix)
    }

    /// The one of a file; nil if it has none.
    init?(in file: Safetensors) {
        guard let tensor = file[Self.tensorName] else { return nil }
        self.init(matrix: tensor.values)
    }
}

extension Safetensors {
    /// SHA-256 of all tensors' bytes, in their order.
    var digest: Digest {
        var hash = SHA256()
        for tensor in tensors { tensor.values.withUnsafeBytes { hash.update($0) } }
        return hash.finalize()
    }
}
