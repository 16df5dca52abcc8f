// SPDX-License-Identifier: Apache-2.0
//
// What the built-in jobs are worth: their accuracy on the test images.

import Foundation
import Testing

/// Each figure is the mean of three seeds, so that luck has little part in it.
@Suite(.serialized) struct AccuracyTests {
    private static let seeds = [1, 2, 3]

    /// The validation data of this job are its test images, so one run of five epochs tells what three are
    /// worth as well.
    @Test(.enabled(if: LongRuns.areWanted, LongRuns.hint))
    func fashionMNISTIsLearned() throws {
        let runs = try Self.seeds.map { try train(seed: $0, ["--set", "training.epochs=5"]) }
        for run in runs { #expect(run.count == 5) }
        #expect(mean("Fashion-MNIST", of: runs, after: 3) >= 0.882)
        #expect(mean("Fashion-MNIST", of: runs, after: 5) >= 0.895)
    }

    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        .enabled(
            if: LongRuns.cifar10 != nil,
            "CONVOY_CIFAR10 names no folder with the binary distribution of CIFAR-10"))
    func cifar10IsLearned() throws {
        let path = try #require(LongRuns.cifar10)
        let runs = try Self.seeds.map {
            try train(
                seed: $0,
                [
                    "--dataset", "cifar10", "--data", path, "--set", "training.epochs=10",
                    "--set", "training.batch_size=64",
                    "--set", "training.optimizer={Adam: {learning_rate: 0.001}}",
                ])
        }
        for run in runs { #expect(run.count == 10) }
        #expect(mean("CIFAR-10", of: runs, after: 10) >= 0.67)
    }

    /// - Returns: The accuracy on the test images after each epoch.
    private func train(seed: Int, _ arguments: [String]) throws -> [Double] {
        let folder = try ScratchFolder()
        let log = EventFile(path: folder.path + "/log.jsonl")
        let result = try ConvoyProgram.run(
            [
                "train", "--workers", "2", "--quiet", "--set", "seed=\(seed)",
                "--output", folder.path + "/run", "--log-json", log.path,
            ] + arguments, in: folder.path, within: 1200)
        #expect(result.status == 0, "seed \(seed): \(result.text)")
        let epochs = log.events("epoch")
        let finished = try #require(log.events("finished").last, "seed \(seed): \(result.text)")
        // Validated on the test images: the last epoch's figures are the final ones.
        #expect(
            epochs.last?["val_accuracy"] as? Double == finished["test_accuracy"] as? Double)
        #expect(epochs.last?["val_loss"] as? Double == finished["test_loss"] as? Double)
        return epochs.compactMap { $0["val_accuracy"] as? Double }
    }

    private func mean(_ name: String, of runs: [[Double]], after epochs: Int) -> Double {
        let figures = runs.compactMap { $0.count >= epochs ? $0[epochs - 1] : nil }
        let mean = figures.reduce(0, +) / Double(max(figures.count, 1))
        let each = zip(Self.seeds, figures).map { "seed \($0): \(decimal($1))" }
        print(
            "\(name), test accuracy after \(epochs) epochs: " + each.joined(separator: ", ")
                + "; mean \(decimal(mean))")
        return mean
    }

    private func decimal(_ value: Double) -> String { String(format: "%.4f", value) }
}
