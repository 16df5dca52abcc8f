// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Logging
import Runtime
import Testing

/// Whole runs with a coordinator and workers in this process, over real sockets.
@Suite(.serialized) struct LocalRunTests {
    @Test func oneWorkerTrainsAndSaves() throws {
        let result = try LocalRun(workers: 1).run(Self.job())
        #expect(result.events.steps == 8 + 2)
        #expect(result.report.weightsDigest.count == 64)
    }

    @Test(arguments: [(2, 1), (3, 1), (2, 2)])
    func workersAndThreadsDoNotChangeBits(workers: Int, threads: Int) throws {
        let alone = try LocalRun(workers: 1).run(Self.job())
        let many = try LocalRun(workers: workers, threads: threads).run(Self.job())
        #expect(many.report.weightsDigest == alone.report.weightsDigest)
        #expect(many.report.testLoss == alone.report.testLoss)
    }

    static func job(_ overrides: [String] = []) throws -> Job {
        try Job.parse(
            yaml: """
                seed: 3
                dataset: {format: shapes, augmentation: {horizontal_flip: true}}
                model:
                  - Rescaling: {scale: 1/255}
                  - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
                  - MaxPooling2D
                  - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
                  - MaxPooling2D
                  - Flatten
                  - Dropout: {rate: 0.3}
                  - Dense: {units: 10}
                training: {epochs: 1, batch_size: 1300, optimizer: adam}
                """, overrides: overrides, file: "test.yaml")
    }
}
