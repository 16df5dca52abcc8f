// SPDX-License-Identifier: Apache-2.0

import Convoy
import Foundation
import Testing

/// Jobs that a program makes and trains.
@Suite(.serialized) struct TrainingTests {
    /// Two steps, and a validation.
    private static func job() throws -> Job {
        try Job(
            name: "swift", seed: 3, dataset: DatasetConfiguration(format: .shapes),
            model: Sequential {
                Rescaling(scale: 1 / 255)
                Conv2D(16, kernelSize: 3, strides: 2, padding: .same, useBias: false)
                BatchNormalization()
                ReLU().named("start")
                for filters in [16] { Conv2D(filters, kernelSize: 3, padding: .same).named("main") }
                Add().reading("main", "start")
                MaxPooling2D([2, 3])
                Flatten()
                Dropout(0.3)
                Dense(10)
            },
            training: TrainingOptions(
                epochs: 1, batchSize: 256, stepsPerEpoch: 2, validationSteps: 1,
                optimizer: SGD(learningRate: 0.1, momentum: 0.9)))
    }

    private static let yaml = """
        name: swift
        seed: 3
        dataset: shapes
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, strides: 2, padding: same, use_bias: false}
          - BatchNormalization
          - ReLU: {name: start}
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, name: main}
          - Add: {inputs: [main, start]}
          - MaxPooling2D: {pool_size: [2, 3]}
          - Flatten
          - Dropout: {rate: 0.3}
          - Dense: {units: 10}
        training:
          epochs: 1
          batch_size: 256
          steps_per_epoch: 2
          validation_steps: 1
          optimizer: {name: sgd, learning_rate: 0.1, momentum: 0.9}
        """

    private static let reference = Result { try job().train(workers: .threads(1)) }

    @Test func swiftAndYAMLSayTheSame() throws {
        let parsed = try Job.parse(yaml: Self.yaml, file: "swift.yaml")
        #expect(try Self.job().resolvedYAML == parsed.resolvedYAML)
        let (swift, yaml) = (try Self.reference.get(), try parsed.train(workers: .here(2)))
        #expect(swift.report?.weightsDigest == yaml.report?.weightsDigest)
        #expect(swift.report?.testLoss == yaml.report?.testLoss)
        #expect(swift.history.map(\.loss) == yaml.history.map(\.loss))
        #expect(swift.history.count == 1 && swift.history[0].validationLoss != nil)
    }

    @Test func workerProcessesGiveTheSameBits() throws {
        let program = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".build/release/convoy").path
        let model = try Self.job().train(workers: .processes(2, program: program))
        #expect(try model.report?.weightsDigest == Self.reference.get().report?.weightsDigest)
    }

    @Test func aModelIsSavedReadAndAsked() throws {
        let model = try Self.reference.get()
        let path = NSTemporaryDirectory() + "convoy-\(UUID().uuidString).safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try model.save(to: path)
        let read = try TrainedModel(contentsOf: path)
        #expect(read.weights.map(\.values) == model.weights.map(\.values))
        #expect(read.classNames == model.classNames && read.report == nil)
        #expect(try read.evaluate() == model.evaluate())
        #expect(try model.evaluate().loss == model.report?.testLoss)
        let pixels = (0..<32 * 32 * 3).map { UInt8($0 % 251) }
        let predictions = try read.predict(pixels: pixels)
        #expect(try predictions == model.predict(pixels: pixels))
        #expect(predictions.count == 10 && predictions[0].probability >= predictions[1].probability)
        #expect(abs(predictions.reduce(0) { $0 + $1.probability } - 1) < 1e-5)
        #expect(throws: RuntimeError.self) { try read.predict(pixels: [1, 2]) }
    }

    @Test func aRunFolderIsGoneOnIn() throws {
        let folder = NSTemporaryDirectory() + "convoy-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try Self.job().train(in: folder)
        var steps = 0
        let again = try Self.job().train(in: folder) { if case .step = $0 { steps += 1 } }
        #expect(steps == 0 && again.history.isEmpty)
        #expect(again.weights.map(\.values) == first.weights.map(\.values))
        #expect(try TrainedModel(contentsOf: folder).evaluate() == first.evaluate())
    }

    @Test func presetsAndFrozenLayersAreNetworks() throws {
        let model = try Sequential(.resnet20, classes: 7).freezing("conv2d*", "dense")
        #expect(model.nodes.count(where: { !$0.isTrainable }) > 20)
        #expect(throws: (any Error).self) { try model.freezing("linear") }
        let nodes = Sequential {
            Flatten().frozen(); Dense(2).frozen().named("end")
        }.nodes
        #expect(nodes.map(\.isTrainable) == [false, false] && nodes[1].name == "end")
    }

    @Test func aMistakeIsToldInTheWordsOfAJob() throws {
        let error = #expect(throws: JobError.self) {
            try Job(
                dataset: DatasetConfiguration(format: .shapes), model: Sequential { Dense(10) },
                training: TrainingOptions(epochs: 0, optimizer: Adam()))
        }
        #expect(
            error?.description
                == "job 'job': training.epochs: found 0, expected 1 to 1000000")
    }
}
