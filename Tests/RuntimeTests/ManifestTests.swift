// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Runtime
import Testing

/// Workers that read files of their own.
@Suite(.serialized) struct ManifestTests {
    /// More files than a start compares: every other one is read by nobody before its step.
    private static let count = 600

    /// A canned JPEG with two bytes of a comment.
    private func file(_ number: Int, _ more: Int = 0) -> Data {
        let comment = [0xFF, 0xFE, 0, 4, UInt8(number & 255), UInt8(number >> 8 + more)]
        return CannedImages.all[0][..<2] + Data(comment) + CannedImages.all[0][2...]
    }

    private func job(
        _ path: String, _ data: String, validation: String = "split"
    ) throws -> Job {
        try Job.parse(
            yaml: """
                dataset: {format: folder, path: "\(path)", target_size: [12, 16], validation: \(validation)}
                model:
                  - Flatten
                  - Dense: {units: 2}
                training: {epochs: 2, batch_size: 128, shard_size: 4, optimizer: sgd}
                cluster: {data: \(data), heartbeat_seconds: 0.1}
                """, overrides: [], file: "test.yaml")
    }

    private func fill(_ folder: TemporaryFolder, _ name: String) throws -> String {
        for number in 0..<Self.count {
            try folder.write("\(name)/train/\(number % 2)/\(number + 1000).jpg", file(number))
        }
        return "\(folder.path)/\(name)/train"
    }

    @Test func checksumsOfFilesChangeNoBit() throws {
        let folder = try TemporaryFolder()
        let path = try fill(folder, "images")
        let sent = try LocalRun(workers: 2).run(try job(path, "ship"))
        let local = try LocalRun(workers: 2, folder: folder)
        #expect(try local.run(try job(path, "local"))?.weightsDigest == sent?.weightsDigest)
        #expect(local.failures.all == [])
        let remote = try LocalRun(workers: 2)
        remote.isRemote = true
        #expect(try remote.run(try job(path, "local"))?.weightsDigest == sent?.weightsDigest)
        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/cache")
        #expect(kept.count == 2 && kept.allSatisfy { $0.hasPrefix("checksums-") })
    }

    @Test func anotherFileOfTheSameSizeIsNamed() throws {
        let folder = try TemporaryFolder()
        let path = try fill(folder, "images"), other = try fill(folder, "other")
        // The second of 600 files, of which the start compares the first and the third.
        let name = "0/1002.jpg"
        try folder.write("other/train/\(name)", file(2, 1))
        let run = try LocalRun(workers: 1, folder: folder)
        run.dataPath = other
        let sentence =
            runtimeError { try run.run(try job(path, "local", validation: "none")) }?.detail ?? ""
        #expect(
            sentence.contains(": dataset.mismatch: \(other)/\(name): has checksum "), "\(sentence)")
        #expect(sentence.hasSuffix("or set cluster.data to ship"), "\(sentence)")
    }
}
