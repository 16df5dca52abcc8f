// SPDX-License-Identifier: Apache-2.0

import Convoy
import Foundation
import Testing

/// Images that a program holds.
@Suite(.serialized) struct MemoryTests {
    private static let model = Sequential {
        Rescaling(scale: 1 / 255)
        Conv2D(16, kernelSize: 3, activation: .relu)
        Flatten()
        Dense(3)
    }
    private static let options = TrainingOptions(epochs: 2, batchSize: 16, optimizer: Adam())

    private static func images(_ count: Int) throws -> LabelledImages {
        // Brighter ones are of a higher class.
        let labels = (0..<count).map { $0 % 3 }
        let pixels = labels.enumerated().map { index, label in
            (0..<48).map { UInt8(label * 80 + (index * 7 + $0 * 13) % 80) }
        }
        return try LabelledImages(pixels, shape: [4, 4, 3], labels: labels)
    }

    /// A .npy file of bytes.
    private static func npy(_ shape: [Int], _ elements: [UInt8]) -> Data {
        let list = shape.map { "\($0), " }.joined()
        var header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(list)), }"
        while (header.utf8.count + 11) % 64 != 0 { header += " " }
        let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count + 1), 0]
        return Data(start + Array("\(header)\n".utf8) + elements)
    }

    @Test func imagesInMemoryAreThoseOfFiles() throws {
        let (train, test) = (try Self.images(70), try Self.images(9))
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, images) in [("train", train), ("test", test)] {
            let count = images.labels.count
            try Self.npy([count, 4, 4, 3], images.pixels).write(
                to: folder.appending(path: "x_\(name).npy"))
            try Self.npy([count], images.labels.map { UInt8($0) }).write(
                to: folder.appending(path: "y_\(name).npy"))
        }
        let inMemory = try Job(model: Self.model, training: Self.options)
            .train(on: train, test: test, workers: .here(2))
        let inFiles = try Job(
            dataset: DatasetConfiguration(format: .npy, path: folder.path), model: Self.model,
            training: Self.options
        ).train(workers: .threads(1))
        #expect(inMemory.report?.weightsDigest == inFiles.report?.weightsDigest)
        #expect(inMemory.report?.testLoss == inFiles.report?.testLoss)
        #expect(inMemory.job.resolution == inFiles.job.resolution)
        let found = try inMemory.evaluate(on: test)
        #expect(try found == inFiles.evaluate() && found.samples == 9)
        #expect(found.loss == inMemory.report?.testLoss)
    }

    @Test func floatsAreLevels() throws {
        let bytes = try Self.images(6)
        let floats = try LabelledImages(
            values: bytes.pixels.map { Float($0) / 255 }, shape: bytes.shape, labels: bytes.labels)
        #expect(floats.pixels == bytes.pixels)
        let nested = try LabelledImages(
            [[0, 0.5], [1, 0.2]] as [[Float]], shape: [1, 2, 1], labels: [0, 1])
        #expect(nested.pixels == [0, 128, 255, 51])
    }

    @Test func whatDoesNotGoTogetherIsExplained() throws {
        func complaint(_ body: () throws -> Any) -> String {
            do {
                _ = try body()
                return "none"
            } catch { return "\(error)" }
        }
        #expect(
            complaint { try LabelledImages(pixels: [1, 2, 3], shape: [1, 2, 1], labels: [0]) }
                .contains(
                    "3 pixels and 1 labels, expected a label for each 2 pixels of an image (1, 2, 1)"
                ))
        #expect(
            complaint { try LabelledImages(pixels: [1, 2], shape: [1, 2, 1], labels: [256]) }
                .contains("label 256 of image 0, expected 0 to 255"))
        #expect(
            complaint { try LabelledImages(values: [0, 1.5], shape: [1, 2, 1], labels: [0]) }
                .contains("value 1.5 at 1, expected numbers from 0 to 1"))
        let job = try Job(
            dataset: DatasetConfiguration(format: .shapes), model: Self.model,
            training: Self.options)
        let images = try Self.images(6)
        #expect(
            complaint { try job.train(on: images) }
                .contains("dataset.format is shapes, but the images are in memory"))
        let other = try LabelledImages(pixels: [1, 2], shape: [1, 2, 1], labels: [0])
        #expect(
            complaint {
                try Job(model: Self.model, training: Self.options).train(on: images, test: other)
            }.contains("test: images of (1, 2, 1), those to train on are (4, 4, 3)"))
    }
}
