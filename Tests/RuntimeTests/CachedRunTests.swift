// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Runtime
import Testing

/// Runs that keep decoded images from epoch to epoch.
@Suite(.serialized) struct CachedRunTests {
    /// A BMP file of 20 x 16 pixels of noise.
    private static func file(_ random: inout Seeded) -> Data {
        func word(_ value: UInt32) -> [UInt8] {
            [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
        }
        let pixels = (0..<20 * 16 * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
        let header: [UInt32] = [40, 20, 16, 24 << 16 | 1, 0, UInt32(pixels.count), 0, 0, 0, 0]
        let start = [UInt32(54 + pixels.count), 0, 54] + header
        return Data(Array("BM".utf8) + start.flatMap(word) + pixels)
    }

    /// 60 images for training and 20 for validation; 37 of them fit into a MiB.
    private static func digest(
        _ settings: [String], workers: Int, threads: Int = 1, isRemote: Bool = false
    ) throws -> String {
        let folder = try TemporaryFolder()
        var random = Seeded(11)
        for number in 0..<80 {
            let part = number < 60 ? "train" : "validation"
            try folder.write("data/\(part)/\(number % 2)/\(number).bmp", file(&random))
        }
        let job = try Job.parse(
            yaml: """
                seed: 4
                dataset:
                  format: folder
                  path: "\(folder.path)/data"
                  target_size: [96, 96]
                  augmentation: {rotation_range: 20, horizontal_flip: true, brightness_range: 0.2, mixup: 0.3}
                model:
                  - Rescaling: {scale: 1/255}
                  - Conv2D: {filters: 16, kernel_size: 5, strides: 4, activation: relu}
                  - Flatten
                  - Dense: {units: 2}
                training: {epochs: 3, batch_size: 16, shard_size: 4, optimizer: sgd}
                cluster: {heartbeat_seconds: 0.1}
                """, overrides: settings, file: "test.yaml")
        let run = try LocalRun(workers: workers, threads: threads, folder: folder)
        run.isRemote = isRemote
        let report = try #require(try run.run(job))
        #expect(run.faults == [])
        let losses = run.events.epochs.compactMap(\.validationLoss)
        #expect(losses.count == 3)
        return "\(report.weightsDigest) \(losses)"
    }

    @Test func aCacheChangesNoBit() throws {
        let plain = try Self.digest([], workers: 1)
        let memory = "dataset.cache=memory", disk = "dataset.cache=disk"
        let few = "dataset.cache_limit_mb=1", local = "cluster.data=local"
        #expect(try Self.digest([memory], workers: 1, threads: 2) == plain)
        #expect(try Self.digest([memory, few], workers: 3) == plain)
        #expect(try Self.digest([memory, local], workers: 1) == plain)
        #expect(try Self.digest([disk], workers: 3, isRemote: true) == plain)
        #expect(try Self.digest([disk, local], workers: 3, threads: 2) == plain)
        #expect(try Self.digest([disk, "seed=5"], workers: 1) != plain)
    }
}
