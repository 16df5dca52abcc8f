// SPDX-License-Identifier: Apache-2.0
//
// The weights that a run starts from: drawn by the initializers, or another run's.

import Datasets
import Digests
import Jobs
import Layers
import Tensors

/// Weights before the first step.
///
/// Where they are another's, the run folder keeps a copy: so a run that is resumed, or was moved to another
/// machine, goes on whatever has become of the file that they are from.
public struct StartingWeights: Sendable {
    /// The flat buffer.
    let weights: [Float]
    let digest: Digest
    /// Where they have been read from just now; nil for those that were drawn, or that the folder keeps.
    let source: String?
    /// Layers of the model or of the file that `skip_mismatch` has left out.
    public let leftOut: [LayerMismatch]
    private let loadedLayers: Int

    /// - Throws: `modelFile` if the file that the job names cannot be read, or does not fit its model.
    init(of job: Job, _ model: Model, in folder: RunFolder) throws(RuntimeError) {
        let flat = AlignedBuffer<Float>(count: model.parameters.count)
        defer { withExtendedLifetime(flat) {} }
        var source: String?, leftOut: [LayerMismatch] = []
        if let origin = job.training.initialWeights {
            if !Self.load(keptIn: folder, as: origin, model, into: flat.elements) {
                model.initialize(flat.elements, seed: job.seed)
                let path = ModelFile.path(origin.path)
                leftOut = try Self.load(path, origin, model, into: flat.elements)
                source = path
            }
        } else {
            model.initialize(flat.elements, seed: job.seed)
        }
        weights = Array(flat.elements)
        digest = sha256(UnsafeRawBufferPointer(flat.elements))
        self.source = source
        self.leftOut = leftOut
        loadedLayers = model.weightedLayers - leftOut.count(where: \.isInModel)
    }

    /// What people are told where they are another's: `starts from the weights of runs/a: 5 layers; ...`.
    public var summary: String? {
        source.map { source in
            let rest = leftOut.isEmpty ? "" : "; left out: \(Self.list(leftOut))"
            return "starts from \(source): weights of \(loadedLayers) layers" + rest
        }
    }

    /// Keeps what has been read from elsewhere.
    func keep(_ model: Model, in folder: RunFolder) throws(RuntimeError) {
        guard source != nil else { return }
        var file = Safetensors()
        file.metadata = ["format": "convoy-weights-1"]
        file.tensors = weights.withUnsafeBufferPointer { weights in
            model.exportTensors(weights).map {
                .init(name: $0.name, shape: $0.shape, values: $0.values)
            }
        }
        try file.write(to: folder.startingWeightsPath)
    }

    /// - Returns: Whether the run that is here began with weights of the same origin, and still has them; if not,
    ///   `flat` is undefined.
    private static func load(
        keptIn folder: RunFolder, as origin: InitialWeights, _ model: Model,
        into flat: MutableFloats
    ) -> Bool {
        guard let begun = folder.begun, begun.training.initialWeights == origin,
            let digest = begun.resolution?.startingWeights,
            let file = try? Safetensors.read(from: folder.startingWeightsPath),
            (try? model.importTensors(file.named, into: flat)) != nil,
            sha256(UnsafeRawBufferPointer(flat)) == digest
        else { return false }
        return true
    }

    private static func load(
        _ path: String, _ origin: InitialWeights, _ model: Model, into flat: MutableFloats
    ) throws(RuntimeError) -> [LayerMismatch] {
        let file = try Safetensors.read(from: path)
        let mismatches = model.importLayers(file.named, into: flat)
        func error(_ text: String) -> RuntimeError {
            RuntimeError(.modelFile, "training.initial_weights: \(path): \(text)")
        }
        guard mismatches.count(where: \.isInModel) < model.weightedLayers else {
            throw error(
                "no layer fits this model (\(list(mismatches))); layers are found by their names, see"
                    + " 'convoy summary'")
        }
        guard mismatches.isEmpty || origin.skipMismatch else {
            throw error(
                "\(list(mismatches)); name the layers alike, or leave out what does not fit:"
                    + " initial_weights: {path: \(origin.path), skip_mismatch: true}")
        }
        return mismatches
    }

    private static func list(_ mismatches: [LayerMismatch]) -> String {
        let more = mismatches.count > 4 ? "; and \(mismatches.count - 4) more" : ""
        return mismatches.prefix(4).map(\.description).joined(separator: "; ") + more
    }
}

extension Safetensors {
    /// The parameters of a model's file.
    var named: [NamedTensor] {
        tensors.filter { $0.name != Whitening.tensorName }
            .map { (name: $0.name, shape: $0.shape, values: $0.values) }
    }
}
