// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jobs
import Layers
import Runtime
import Tensors
import Testing

/// Runs that start from the weights of another one.
@Suite(.serialized) struct TransferRunTests {
    private static func model(classifier: String) -> String {
        """
        model=[Rescaling: {scale: 1/255}, \
        Conv2D: {filters: 16, kernel_size: 3, strides: 2, use_bias: false}, BatchNormalization, \
        ReLU, Conv2D: {filters: 16, kernel_size: 3, activation: relu}, GlobalAveragePooling2D, \
        Dense: {units: 12, activation: relu}, Dense: {units: 10, name: \(classifier)}]
        """
    }

    /// A finished run, whose images are others than those of `job`.
    private static let base = Result {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let run = try LocalRun(workers: 1, folder: folder)
        let job = try TinyCIFAR.job(folder.path + "/data", [model(classifier: "old")])
        return (folder, try #require(try run.run(job)))
    }

    private static let frozen = ["training.freeze=[conv2d*, batch_normalization]"]

    private static func job(
        _ folder: TemporaryFolder, from path: String, _ flags: [String] = frozen
    ) throws -> Job {
        if !FileManager.default.fileExists(atPath: folder.path + "/data") {
            try TinyCIFAR.write(folder, "data", seed: 2)
        }
        return try TinyCIFAR.job(
            folder.path + "/data",
            [
                model(classifier: "new"), "training.epochs=2",
                "training.initial_weights={path: \"\(path)\", skip_mismatch: true}",
            ] + flags)
    }

    private static let reference = Result {
        let folder = try TemporaryFolder()
        let run = try LocalRun(workers: 1, folder: folder)
        let report = try #require(try run.run(job(folder, from: base.get().0.path + "/run")))
        return (folder, report, run.events.steps)
    }

    private static func tensors(_ path: String) throws -> [String: [Float]] {
        let file = try ModelFile.read(path)
        let all = file.weights.withUnsafeBufferPointer { file.model.exportTensors($0) }
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.values) })
    }

    @Test func frozenLayersKeepTheBitsOfTheOtherRun() throws {
        let before = try Self.tensors(Self.base.get().1.model)
        let after = try Self.tensors(Self.reference.get().1.model)
        for (name, values) in after {
            if name.hasPrefix("new/") { continue }
            let isFrozen = !name.hasPrefix("dense/")
            #expect((values == before[name]) == isFrozen, "\(name)")
        }
        #expect(after.count == before.count && before["old/kernel"] != after["new/kernel"])
    }

    @Test(arguments: [true, false])
    func workersDoNotChangeBits(isRemote: Bool) throws {
        let (_, alone, steps) = try Self.reference.get()
        let run = try LocalRun(workers: 3)
        run.isRemote = isRemote
        let job = try Self.job(run.folder, from: Self.base.get().1.model)
        let many = try #require(try run.run(job))
        #expect(many.weightsDigest == alone.weightsDigest && many.testLoss == alone.testLoss)
        #expect(run.events.steps.map(\.loss) == steps.map(\.loss))
        #expect(try contents(many.model) == contents(alone.model))
        #expect(run.faults == [])
    }

    @Test func aRunThatGoesOnDoesNotNeedTheOtherRun() throws {
        let (_, alone, steps) = try Self.reference.get()
        let folder = try TemporaryFolder()
        let other = try FileManager.default.contents(atPath: Self.base.get().1.model)
        let path = try folder.write("other.safetensors", try #require(other))
        let job = try Self.job(folder, from: path)
        let first = try LocalRun(workers: 2, folder: folder)
        first.steps = 2
        try first.run(job)
        unlink(path)
        let second = try LocalRun(workers: 1, folder: folder)
        let report = try #require(try second.run(job))
        #expect(second.events.resumed == 2)
        #expect(report.weightsDigest == alone.weightsDigest)
        let all = [first, second].flatMap(\.events.steps)
        #expect(all.map(\.weightsDigest) == steps.map(\.weightsDigest))

        // Nor does one that has only begun.
        for checkpoint in try FileManager.default.contentsOfDirectory(
            atPath: folder.path + "/run/checkpoints")
        {
            unlink(folder.path + "/run/checkpoints/" + checkpoint)
        }
        let third = try LocalRun(workers: 1, folder: folder)
        #expect(try third.run(job)?.weightsDigest == alone.weightsDigest)
        #expect(third.events.resumed == nil)
    }

    @Test func anotherFileIsAnotherRun() throws {
        let (folder, report, _) = try Self.reference.get()
        let copy = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: folder.path + "/run", toPath: copy.path + "/run")
        // Weights that are not those it has begun with: its own last ones.
        let job = try Self.job(folder, from: report.model)
        let error = runtimeError {
            _ = try Run.open(job: job, folder: RunFolder(copy.path + "/run"))
        }
        #expect(error?.code == .runFolder)
        #expect(error?.detail.contains("starting weights: ") == true)
        // The same ones by another name are.
        let same = try Self.job(folder, from: Self.base.get().1.model)
        #expect(
            try Run.open(job: same, folder: RunFolder(copy.path + "/run")).isFinished)
    }

    @Test func whatIsTakenIsTold() throws {
        let folder = try TemporaryFolder(), base = try Self.base.get().1.model
        let job = try Self.job(folder, from: base)
        let run = try Run.open(job: job, folder: RunFolder(folder.path + "/run"))
        #expect(
            run.startingWeights.summary
                == "starts from \(base): weights of 4 layers; left out: new is not in the file; "
                + "old is not in this model")
        let drawn = try TinyCIFAR.job(folder.path + "/data")
        #expect(
            try Run.open(job: drawn, folder: RunFolder(folder.path + "/drawn")).startingWeights
                .summary == nil)
    }

    @Test func whatDoesNotFitIsAnError() throws {
        let folder = try TemporaryFolder(), base = try Self.base.get().1.model
        func complaint(_ flags: String...) throws -> String? {
            let job = try Self.job(folder, from: base, flags)
            let error = runtimeError {
                _ = try Run.open(job: job, folder: RunFolder(folder.path + "/run"))
            }
            return error?.detail.replacingOccurrences(of: base, with: "FILE")
        }
        #expect(
            try complaint("training.initial_weights=\(base)")
                == "training.initial_weights: FILE: new is not in the file; old is not in this model; "
                + "name the layers alike, or leave out what does not fit: initial_weights: "
                + "{path: FILE, skip_mismatch: true}")
        #expect(
            try complaint(
                "training.initial_weights=\(base)", Self.model(classifier: "old"),
                "model.1.Conv2D.filters=8"
            )?.hasPrefix(
                "training.initial_weights: FILE: conv2d has a kernel of (3, 3, 3, 16) in the file and of "
                    + "(3, 3, 3, 8) here; batch_normalization has a gamma") == true)
        #expect(
            try complaint("model=[Flatten, Dense: {units: 10, name: new}]")?.contains(
                "FILE: no layer fits this model (new is not in the file; conv2d is not in this model;"
            )
                == true)
        #expect(
            try complaint("training.initial_weights=\(folder.path)")?.contains(
                "/model.safetensors: cannot be read") == true)
    }
}
