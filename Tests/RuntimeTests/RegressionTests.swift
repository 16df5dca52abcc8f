// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Jobs
import Runtime
import Testing

/// Runs that learn numbers of a table.
@Suite(.serialized) struct RegressionTests {
    /// Two pictures, ninety times, which one of two numbers tells apart.
    private func table(_ folder: TemporaryFolder) throws -> String {
        try folder.write("1.jpg", CannedImages.all[0])
        try folder.write("2.bmp", Self.black)
        var text = "filename,one,picture\n"
        for row in 0..<90 { text += row % 3 == 0 ? "2.bmp,1.5,-1\n" : "1.jpg,1.5,0.75\n" }
        try folder.write("t.csv", Data(text.utf8))
        return "\(folder.path)/t.csv"
    }

    /// A BMP file of one pixel.
    private static let black = Data(
        [
            0x42, 0x4D, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
            1, 0,
        ]
            + [24, 0, 0, 0, 0, 0, 4, 0, 0, 0] + [UInt8](repeating: 0, count: 20))

    private func job(
        _ path: String, _ overrides: [String] = [], loss: String = "mean_squared_error"
    ) throws -> Job {
        try Job.parse(
            yaml: """
                dataset:
                  format: table
                  path: "\(path)"
                  class_mode: raw
                  y_col: [picture, one]
                  target_size: [6, 7]
                  validation: split
                  augmentation: {horizontal_flip: true}
                model:
                  - Rescaling: {scale: 1/255}
                  - Flatten
                  - Dense: {units: 8, activation: relu}
                  - Dense: {units: 2}
                loss: \(loss)
                training:
                  {epochs: 8, batch_size: 24, shard_size: 8, optimizer: {Adam: {learning_rate: 0.02}}}
                """, overrides: overrides, file: "test.yaml")
    }

    @Test(arguments: ["mean_squared_error", "mean_absolute_error"])
    func workersAndWaysOfDataChangeNoBit(loss: String) throws {
        let folder = try TemporaryFolder()
        let path = try table(folder)
        let alone = try LocalRun(workers: 1)
        let digest = try alone.run(try job(path, loss: loss))?.weightsDigest
        #expect(digest != nil && alone.faults == [])
        for (data, workers, isRemote) in [
            ("ship", 3, true), ("ship", 2, false), ("local", 2, false), ("local", 3, true),
        ] {
            let run = try LocalRun(workers: workers, threads: 2)
            run.isRemote = isRemote
            let report = try run.run(try job(path, ["cluster.data=\(data)"], loss: loss))
            #expect(report?.weightsDigest == digest, "\(data), \(workers) workers")
        }
        let epochs = alone.events.epochs
        #expect(epochs.count == 8 && epochs.allSatisfy { $0.accuracy.isNaN })
        #expect(epochs.allSatisfy { $0.validationAccuracy == nil && $0.validationLoss != nil })
    }

    private struct Outcome: Equatable {
        let digest: String, losses: [Double?]
    }

    /// Two epochs over the pictures with weights, of each three rows.
    private func outcome(
        _ weights: [String], noise: Float = 0, _ overrides: [String] = [], workers: Int = 1,
        isRemote: Bool = false
    ) throws -> Outcome {
        let folder = try TemporaryFolder()
        _ = try table(folder)
        var text = "filename,one,picture,counts\n"
        for row in 0..<90 {
            let picture = row % 3 == 0 ? "2.bmp,\(1.5 + noise * Float(row)),-1" : "1.jpg,1.5,0.75"
            text += "\(picture),\(weights[row % 3])\n"
        }
        try folder.write("w.csv", Data(text.utf8))
        let run = try LocalRun(workers: workers, threads: 2)
        run.isRemote = isRemote
        let job = try job("\(folder.path)/w.csv", ["training.epochs=2"] + overrides)
        let report = try #require(try run.run(job))
        #expect(run.faults == [])
        return Outcome(
            digest: report.weightsDigest, losses: run.events.epochs.map(\.validationLoss))
    }

    /// Images that count nothing may be anything, in training and in the validation; whoever computes.
    @Test func imagesCountWhatTheirTableSays() throws {
        let weighs = ["dataset.weight_col=counts"], weights = ["0", "2.5", "1"]
        let plain = try outcome(["1", "1", "1"])
        #expect(try outcome(["1", "1", "1"], weighs) == plain)
        let some = try outcome(weights, weighs)
        #expect(some.digest != plain.digest && some.losses != plain.losses)
        #expect(try outcome(weights, noise: 1, weighs) == some)
        for (workers, isRemote, data) in [
            (2, false, "ship"), (3, true, "ship"), (2, true, "local"),
        ] {
            let other = try outcome(
                weights, weighs + ["cluster.data=\(data)"], workers: workers, isRemote: isRemote)
            #expect(other == some)
        }
    }

    @Test func numbersAreLearntAndPredicted() throws {
        let folder = try TemporaryFolder()
        let run = try LocalRun(workers: 2)
        let path = try table(folder)
        try run.run(try job(path, ["training.epochs=60"]))
        let last = try #require(run.events.epochs.last?.validationLoss)
        // Two pictures and two answers: nothing is in the way of zero.
        #expect(last < 0.01, "\(last)")
        let file = try ModelFile.read("\(run.runFolder)/model.safetensors")
        let evaluator = try Evaluator(file)
        #expect(evaluator.isRegression)
        let pictures: [(Data, [Float])] = [
            (CannedImages.all[0], [0.75, 1.5]), (Self.black, [-1, 1.5]),
        ]
        for (picture, expected) in pictures {
            let found = try picture.withUnsafeBytes { try evaluator.predict($0) }
            #expect(found.map(\.className) == ["picture", "one"])
            for (value, target) in zip(found.map(\.probability), expected) {
                #expect(abs(value - target) < 0.3)
            }
        }
        var configuration = file.job.dataset
        configuration.path = path
        let dataset = try #require(try openDatasets(configuration)[.validation])
        let evaluation = try evaluator.evaluate(dataset, threads: 2)
        #expect(evaluation.accuracy == nil && evaluation.loss == last)
    }
}
