// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs

/// A data set of CIFAR-10's form with forty training and eight test images of noise.
enum TinyCIFAR {
    static func write(_ folder: TemporaryFolder, _ name: String, seed: UInt64) throws {
        var random = Seeded(seed)
        let files = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
        for file in files {
            var bytes = Data()
            for label in 0..<8 as Range<UInt8> {
                bytes.append(label)
                bytes.append(
                    contentsOf: (0..<3072).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
            try folder.write("\(name)/\(file)", bytes)
        }
    }

    /// Three steps and a validation.
    static func job(
        _ path: String, _ overrides: [String] = [], scale: String = "1/255"
    ) throws -> Job {
        try Job.parse(
            yaml: """
                seed: 5
                dataset: {format: cifar10, path: "\(path)"}
                model:
                  - Rescaling: {scale: \(scale)}
                  - Conv2D: {filters: 16, kernel_size: 3, strides: 2, activation: relu}
                  - Flatten
                  - Dense: {units: 10}
                training: {epochs: 1, batch_size: 16, shard_size: 4, optimizer: adam}
                cluster: {heartbeat_seconds: 0.1, wait_for_workers_seconds: 1}
                """, overrides: overrides, file: "test.yaml")
    }
}
