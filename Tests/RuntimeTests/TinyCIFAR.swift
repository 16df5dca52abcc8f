// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs

/// A data set of CIFAR-10's form with forty training and eight test images of noise.
enum TinyCIFAR {
    /// - Parameter uneven: All ten classes, three training images of each but the last, which has
    ///   thirteen; else five of each of the first eight.
    static func write(
        _ folder: TemporaryFolder, _ name: String, seed: UInt64, uneven: Bool = false
    ) throws {
        var random = Seeded(seed)
        let files = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
        for (number, file) in files.enumerated() {
            var bytes = Data()
            for record in 0..<8 {
                let label = uneven ? UInt8(min((number % 5 * 8 + record) / 3, 9)) : UInt8(record)
                bytes.append(label)
                bytes.append(
                    contentsOf: (0..<3072).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
            try folder.write("\(name)/\(file)", bytes)
        }
    }

    /// Three steps, of 16, 16 and 8 images, and a validation.
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
