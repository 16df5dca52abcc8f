// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Jobs
import Runtime
import Testing

/// Runs whose images are whitened by a matrix that the coordinator finds.
@Suite(.serialized) struct WhiteningRunTests {
    /// A .npy file of bytes.
    private static func npy(_ shape: [Int], _ elements: [UInt8]) -> Data {
        let list = shape.map { "\($0), " }.joined()
        var header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(list)), }"
        while (header.utf8.count + 11) % 64 != 0 { header += " " }
        let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count + 1), 0]
        return Data(start + Array("\(header)\n".utf8) + elements)
    }

    private static func job(_ folder: TemporaryFolder, _ flags: [String] = []) throws -> Job {
        if !FileManager.default.fileExists(atPath: folder.path + "/data") {
            var random = Seeded(7)
            for (part, count) in [("train", 70), ("test", 6)] {
                let pixels = (0..<count * 48).map { _ in UInt8.random(in: 0...255, using: &random) }
                let labels = (0..<count).map { UInt8($0 % 3) }
                try folder.write("data/x_\(part).npy", npy([count, 4, 4, 3], pixels))
                try folder.write("data/y_\(part).npy", npy([count], labels))
            }
        }
        return try Job.parse(
            yaml: """
                seed: 5
                dataset:
                  format: npy
                  path: "\(folder.path)/data"
                  augmentation: {horizontal_flip: true}
                  preprocessing: {zca_whitening: true, zca_epsilon: 0.1}
                model: [Conv2D: {filters: 16, kernel_size: 3}, ReLU, Flatten, Dense: {units: 3}]
                training: {epochs: 1, batch_size: 16, shard_size: 4, optimizer: adam}
                cluster: {heartbeat_seconds: 0.1, wait_for_workers_seconds: 1}
                """, overrides: flags, file: "test.yaml")
    }

    private static func run(
        _ flags: [String] = [], workers: Int = 1, isRemote: Bool = false
    ) throws -> FinalReport {
        let folder = try TemporaryFolder()
        let run = try LocalRun(workers: workers, folder: folder)
        run.isRemote = isRemote
        let report = try run.run(job(folder, flags))
        #expect(run.faults == [])
        return try #require(report)
    }

    @Test func workersDoNotChangeBits() throws {
        let alone = try Self.run()
        let many = try Self.run(workers: 3, isRemote: true)
        #expect(many.weightsDigest == alone.weightsDigest && many.testLoss == alone.testLoss)
        let local = try Self.run(["cluster.data=local"], workers: 2)
        #expect(local.weightsDigest == alone.weightsDigest)
        let plain = try Self.run(["dataset.preprocessing={featurewise_center: true}"])
        #expect(plain.testLoss != alone.testLoss)
    }

    @Test func theModelKeepsItsMatrix() throws {
        let folder = try TemporaryFolder()
        let job = try Self.job(folder)
        let report = try #require(try LocalRun(workers: 1, folder: folder).run(job))
        let file = try ModelFile.read(report.model)
        let whitening = try #require(file.whitening)
        #expect(whitening.count == 48 && file.job.resolution?.whitening == whitening.digest)
        let test = try #require(try openDatasets(job.dataset)[.test])
        #expect(try Evaluator(file).evaluate(test, threads: 1).loss == report.testLoss)
        // Another matrix would make another model of it.
        var changed = try Safetensors.read(from: report.model)
        let place = try #require(changed.tensors.firstIndex { $0.name == "zca_whitening" })
        var values = changed.tensors[place].values
        values[5] += 1
        changed.tensors[place] = .init(name: "zca_whitening", shape: [48, 48], values: values)
        try changed.write(to: folder.path + "/changed.safetensors")
        let error = runtimeError { _ = try ModelFile.read(folder.path + "/changed.safetensors") }
        #expect(
            error?.sentence(in: folder)
                == "changed.safetensors: the matrix that whitens images is not the one it was trained"
                + " with; copy the file again")
    }

    /// Even where it is gone from the run folder: checkpoints have it, too.
    @Test(arguments: [false, true])
    func aRunGoesOnWithTheMatrixThatItBeganWith(isGone: Bool) throws {
        let whole = try Self.run()
        let folder = try TemporaryFolder()
        let job = try Self.job(folder)
        let first = try LocalRun(workers: 1, folder: folder)
        first.steps = 2
        try first.run(job)
        let path = folder.path + "/run/zca_whitening.safetensors"
        let checkpoints = folder.path + "/run/checkpoints"
        for name in try FileManager.default.contentsOfDirectory(atPath: checkpoints)
        where name.hasSuffix(".safetensors") {
            let checkpoint = try Safetensors.read(from: "\(checkpoints)/\(name)")
            #expect(checkpoint["zca_whitening"]?.shape == [48, 48], "\(name)")
        }
        if isGone {
            try FileManager.default.removeItem(atPath: path)
        } else {
            // Not found again: other images would be whitened by the same.
            #expect(try Safetensors.read(from: path).tensors.map(\.shape) == [[48, 48]])
        }
        let second = try LocalRun(workers: 2, folder: folder)
        let report = try #require(try second.run(job))
        #expect(second.events.resumed == 2 && second.events.damaged == [])
        #expect(report.weightsDigest == whole.weightsDigest)
        #expect(FileManager.default.fileExists(atPath: path))
    }
}
