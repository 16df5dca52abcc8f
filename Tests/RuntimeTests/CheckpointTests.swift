// SPDX-License-Identifier: Apache-2.0

import Coordination
import Foundation
import Jobs
import Runtime
import Testing

@Suite struct CheckpointTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/step-7.safetensors" }
    private static let identity = "seed: 1\ntraining:\n  epochs: 3\n"

    init() throws { folder = try TemporaryFolder() }

    private static var example: Checkpoint {
        var random = Seeded(4)
        return Checkpoint(
            next: StepID(raw: 7), optimizerSteps: 6,
            epochSums: NodeMetrics(lossSum: 0.1 + 0.2, correct: 40, samples: 64),
            epochCounts: [0, 17, 1 << 40],
            weights: random.floats(100), slots: [random.floats(100), random.floats(100)],
            training: (0.3, .nan))
    }

    private func read(
        _ identity: String = identity, count: Int = 100, slots: Int = 2
    ) throws -> Checkpoint {
        try Checkpoint.read(from: path, identity: identity, count: count, slots: slots)
    }

    @Test func whatIsWrittenIsRead() throws {
        let example = Self.example
        try example.write(to: path, identity: Self.identity)
        let read = try read()
        #expect(read.next == example.next && read.optimizerSteps == example.optimizerSteps)
        #expect(read.epochSums == example.epochSums && read.epochCounts == example.epochCounts)
        #expect(read.weights == example.weights && read.slots == example.slots)
        #expect(read.training?.loss == 0.3 && read.training?.accuracy.isNaN == true)
        #expect(read.callbacks == CallbackState())
    }

    @Test func anotherJobIsRefusedWithWhatDiffers() throws {
        try Self.example.write(to: path, identity: Self.identity)
        let error = runtimeError { _ = try read("seed: 1\ntraining:\n  epochs: 5\n") }
        #expect(error?.code == .checkpoint)
        #expect(
            error?.sentence(in: folder)
                == "step-7.safetensors: was written by another job (epochs: 3, here epochs: 5); go on "
                + "with the job that wrote it, or choose another --output")
        let shorter = runtimeError { _ = try read("seed: 1\n") }
        #expect(shorter?.detail.contains("(training:, here nothing)") == true)
    }

    @Test func anotherModelIsRefused() throws {
        try Self.example.write(to: path, identity: Self.identity)
        let count = runtimeError { _ = try read(count: 90) }
        #expect(
            count?.sentence(in: folder)
                == "step-7.safetensors: tensor 'slot0' has 100 floats, expected 90")
        let slots = runtimeError { _ = try read(slots: 3) }
        #expect(
            slots?.sentence(in: folder)
                == "step-7.safetensors: tensor 'slot2' has 0 floats, expected 100")
    }

    @Test func aFileOfAnotherKindIsRefused() throws {
        try Safetensors().write(to: path)
        let error = runtimeError { _ = try read() }
        #expect(
            error?.sentence(in: folder)
                == "step-7.safetensors: found format none, expected convoy-checkpoint-1")
    }

    @Test func aFlippedBitInTheWeightsIsNoticed() throws {
        try Self.example.write(to: path, identity: Self.identity)
        var bytes = try contents(path)
        bytes[bytes.count - 600] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(runtimeError { _ = try read() }?.detail.contains("SHA-256") == true)
    }
}
