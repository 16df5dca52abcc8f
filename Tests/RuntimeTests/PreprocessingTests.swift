// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Jobs
import Runtime
import Testing

/// Runs whose images are standardized, by themselves or by statistics of the training images.
@Suite(.serialized) struct PreprocessingTests {
    private static let options = [
        "featurewise_std_normalization", "samplewise_std_normalization", "featurewise_center",
    ]

    private static func job(_ folder: TemporaryFolder, _ flags: [String]) throws -> Job {
        if !FileManager.default.fileExists(atPath: folder.path + "/data") {
            try TinyCIFAR.write(folder, "data", seed: 1)
        }
        return try TinyCIFAR.job(folder.path + "/data", flags)
    }

    private static func flag(_ option: String) -> String {
        "dataset.preprocessing={\(option): true}"
    }

    private static func run(
        _ flags: [String], workers: Int = 1, isRemote: Bool = false
    ) throws -> FinalReport {
        let folder = try TemporaryFolder()
        let run = try LocalRun(workers: workers, folder: folder)
        run.isRemote = isRemote
        let report = try run.run(job(folder, flags))
        #expect(run.faults == [])
        return try #require(report)
    }

    @Test(arguments: options)
    func workersDoNotChangeBits(option: String) throws {
        let flag = Self.flag(option)
        let alone = try Self.run([flag])
        let many = try Self.run([flag], workers: 3, isRemote: true)
        #expect(many.weightsDigest == alone.weightsDigest && many.testLoss == alone.testLoss)
        let local = try Self.run([flag, "cluster.data=local"], workers: 2)
        #expect(local.weightsDigest == alone.weightsDigest)
        let plain = try Self.run([])
        #expect(plain.weightsDigest != alone.weightsDigest)
    }

    /// Mean and deviation are those of all pixels of the training images, found here one by one.
    @Test func theModelKnowsItsStatistics() throws {
        let folder = try TemporaryFolder()
        let job = try Self.job(folder, [Self.flag("featurewise_std_normalization")])
        let run = try LocalRun(workers: 2, folder: folder)
        let report = try #require(try run.run(job))
        var channels: [[Double]] = [[], [], []]
        for number in 1...5 {
            let bytes = try contents(folder.path + "/data/data_batch_\(number).bin")
            for image in 0..<8 {
                for channel in 0..<3 {
                    let start = image * 3073 + 1 + channel * 1024
                    channels[channel] += bytes[start..<start + 1024].map(Double.init)
                }
            }
        }
        let mean = channels.map { $0.reduce(0, +) / Double($0.count) }
        let deviation = zip(channels, mean).map { values, mean in
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
                .squareRoot()
        }
        let file = try ModelFile.read(report.model)
        let found = try #require(file.job.resolution?.statistics)
        for channel in 0..<3 {
            #expect(abs(found.mean[channel] - mean[channel]) < 1e-9)
            #expect(abs(found.deviation[channel] - deviation[channel]) < 1e-9)
        }
        #expect(file.model.standardization.mean == found.mean)
        let test = try #require(try openDatasets(job.dataset)[.test])
        #expect(try Evaluator(file).evaluate(test, threads: 1).loss == report.testLoss)
        // Without them the model would not be what was trained.
        var text = try Safetensors.read(from: report.model)
        let yaml = try #require(text.metadata["job"])
        let cut = try #require(yaml.range(of: "resolved:"))
        text.metadata["job"] = String(yaml[..<cut.lowerBound])
        try text.write(to: folder.path + "/cut.safetensors")
        let error = runtimeError { _ = try ModelFile.read(folder.path + "/cut.safetensors") }
        #expect(
            error?.sentence(in: folder)
                == "cut.safetensors: the job does not say what the run found of its training images; copy "
                + "the file again")
    }

    @Test func aRunGoesOnWithTheStatisticsThatItBeganWith() throws {
        let folder = try TemporaryFolder()
        let job = try Self.job(folder, [Self.flag("featurewise_std_normalization")])
        let whole = try Self.run([Self.flag("featurewise_std_normalization")])
        let first = try LocalRun(workers: 1, folder: folder)
        first.steps = 2
        try first.run(job)
        let second = try LocalRun(workers: 2, folder: folder)
        let report = try #require(try second.run(job))
        #expect(second.events.resumed == 2 && report.weightsDigest == whole.weightsDigest)
        // A checkpoint of other statistics is one of another job.
        let path = folder.path + "/run/job.yaml"
        let yaml = try String(contentsOfFile: path, encoding: .utf8)
        let line = try #require(yaml.split(separator: "\n").first { $0.contains("mean: [") })
        try yaml.replacingOccurrences(of: String(line), with: "  mean: [1, 2, 3]")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let third = try LocalRun(workers: 1, folder: folder)
        third.steps = 1
        try third.run(job)
        #expect(third.events.resumed == nil)
        #expect(third.events.damaged.first?.contains("(mean: [") == true)
    }
}
