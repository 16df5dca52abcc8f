// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Jobs
import Layers
import Runtime
import Tensors
import Testing

@Suite struct ModelFileTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/model.safetensors" }

    init() throws { folder = try TemporaryFolder() }

    private static func example(_ overrides: [String] = []) throws -> ModelFile {
        let job = try LocalRun.job(overrides)
        let model = try job.model(input: [32, 32, 3], classes: 10)
        let weights = AlignedBuffer<Float>(count: model.parameters.count)
        model.initialize(weights.elements, seed: 1)
        return ModelFile(
            job: job,
            data: DataDescription(imageShape: [32, 32, 3], classes: 10, encoding: .pixels),
            classNames: (0..<10).map { "class \"\($0)\" é" }, model: model,
            weights: Array(weights.elements))
    }

    private func complaint() -> String? {
        runtimeError { _ = try ModelFile.read(path) }?.sentence(in: folder)
    }

    @Test func whatIsWrittenIsRead() throws {
        let example = try Self.example()
        try example.write(to: path)
        let read = try ModelFile.read(path)
        #expect(read.weights == example.weights)
        #expect(read.classNames == example.classNames && read.data == example.data)
        #expect(read.job.identity == example.job.identity)
        #expect(read.model.parameters == example.model.parameters)
    }

    @Test func aModelThatWasReadPredictsTheSame() throws {
        let example = try Self.example()
        try example.write(to: path)
        let before = try Evaluator(example), after = try Evaluator(try ModelFile.read(path))
        for image in CannedImages.all {
            let predictions = try [before, after].map { evaluator in
                try image.withUnsafeBytes { try evaluator.predict($0) }
            }
            #expect(predictions[0].map(\.probability) == predictions[1].map(\.probability))
            #expect(predictions[0].map(\.className) == predictions[1].map(\.className))
            #expect(abs(predictions[0].reduce(0) { $0 + $1.probability } - 1) < 1e-5)
        }
    }

    @Test func neitherPathsNorTheClusterAreInTheFile() throws {
        try Self.example().write(to: path)
        try Self.example(["cluster.data=local", "training.checkpoint_every_steps=7"])
            .write(to: path + "2")
        #expect(try contents(path) == contents(path + "2"))
    }

    @Test func aTruncatedModelIsNamed() throws {
        try Self.example().write(to: path)
        let whole = try contents(path)
        for count in [0, 7, 8, 100, whole.count / 2, whole.count - 1] {
            try whole.prefix(count).write(to: URL(fileURLWithPath: path))
            #expect(
                complaint()?.hasPrefix("model.safetensors: not a whole safetensors file: ") == true)
        }
    }

    @Test func aFileOfAnotherKindIsNamed() throws {
        try Safetensors().write(to: path)
        #expect(
            complaint() == "model.safetensors: the metadata has no 'format'; expected a "
                + "model.safetensors that convoy wrote")
    }

    @Test(arguments: [
        ("format", "convoy-model-9", "found format convoy-model-9, expected convoy-model-1"),
        (
            "input_shape", "32,32",
            "input_shape, classes or encoding are damaged; copy the file again"
        ),
        (
            "input_shape", "32,x,3",
            "input_shape, classes or encoding are damaged; copy the file again"
        ),
        ("input_shape", "32,-32,3", "input_shape, classes or encoding are damaged"),
        ("input_shape", "4611686018427387904,4,1", "input_shape, classes or encoding are damaged"),
        ("classes", "[]", "input_shape, classes or encoding are damaged; copy the file again"),
        ("classes", "7", "input_shape, classes or encoding are damaged; copy the file again"),
        ("encoding", "waves", "input_shape, classes or encoding are damaged; copy the file again"),
        ("job", "model: [", "model.safetensors:"),
        ("input_shape", "28,28,3", "dense/kernel: found shape (576, 10), expected shape (400, 10)"),
        ("input_shape", "65536,65536,3", "dense/kernel: found shape"),
    ])
    func damagedMetadataAreNamed(field: String, value: String, sentence: String) throws {
        try Self.example().write(to: path)
        var file = try Safetensors.read(from: path)
        file.metadata[field] = value
        try file.write(to: path)
        let complaint = complaint() ?? "nothing"
        #expect(complaint.hasPrefix("model.safetensors"))
        #expect(complaint.contains(sentence), "\(complaint)")
    }

    @Test func aMissingTensorIsNamed() throws {
        try Self.example().write(to: path)
        var file = try Safetensors.read(from: path)
        file.tensors.removeAll { $0.name == "dense/bias" }
        try file.write(to: path)
        #expect(
            complaint()?.hasPrefix("model.safetensors: dense/bias: found no such tensor") == true)
    }
}
