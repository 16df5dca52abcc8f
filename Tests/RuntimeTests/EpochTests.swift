// SPDX-License-Identifier: Apache-2.0

import Jobs
import Runtime
import Testing

/// Runs whose epochs are counted in steps, and whose classes do not count the same.
@Suite(.serialized) struct EpochTests {
    private static func run(
        _ overrides: [String], workers: Int = 1, isRemote: Bool = false, uneven: Bool = false
    ) throws -> (report: FinalReport, events: Recorder, run: LocalRun) {
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1, uneven: uneven)
        let run = try LocalRun(workers: workers, folder: folder)
        run.isRemote = isRemote
        let job = try TinyCIFAR.job(folder.path + "/data", overrides + [augmented])
        let report = try #require(try run.run(job))
        #expect(run.faults == [])
        return (report, run.events, run)
    }
    private static let augmented =
        "dataset.augmentation={horizontal_flip: true, rotation_range: 20}"

    private static func steps(_ epochs: Int, of count: Int) -> [String] {
        ["training.epochs=\(epochs)", "training.steps_per_epoch=\(count)"]
    }

    /// Two passes over the data are six steps, however they are cut into epochs; draws go by the pass.
    @Test(arguments: [(1, 6), (3, 2), (6, 1)])
    func epochsOfAnyLengthGiveTheSameWeights(epochs: Int, count: Int) throws {
        let passes = try Self.run(["training.epochs=2"])
        let cut = try Self.run(Self.steps(epochs, of: count), workers: 2)
        #expect(cut.report.weightsDigest == passes.report.weightsDigest)
        #expect(cut.events.epochs.count == epochs)
        let steps = cut.events.steps.filter { $0.phase == .train }
        #expect(steps.map(\.samples) == [16, 16, 8, 16, 16, 8])
        #expect(steps.map(\.stepsInEpoch) == Array(repeating: count, count: 6))
    }

    /// Four steps are more than one pass and less than two.
    @Test func anEpochMayEndWithinAPass() throws {
        let (report, events, _) = try Self.run(Self.steps(1, of: 4))
        let other = try Self.run(Self.steps(2, of: 2), workers: 3, isRemote: true)
        #expect(other.report.weightsDigest == report.weightsDigest)
        #expect(events.steps.filter { $0.phase == .train }.map(\.samples) == [16, 16, 8, 16])
        let pass = try Self.run([])
        #expect(pass.report.weightsDigest != report.weightsDigest)
    }

    @Test func aRunGoesOnWithinItsPass() throws {
        let whole = try Self.run(Self.steps(2, of: 4))
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1)
        let job = try TinyCIFAR.job(
            folder.path + "/data", Self.steps(2, of: 4) + [Self.augmented])
        let first = try LocalRun(workers: 2, folder: folder)
        first.steps = 6  // four of training, the validation, and one of the second epoch
        try first.run(job)
        let second = try LocalRun(workers: 1, folder: folder)
        let report = try #require(try second.run(job))
        #expect(second.events.resumed == 5)
        #expect(report.weightsDigest == whole.report.weightsDigest)
    }

    /// CIFAR's eight test images in batches of three: two of them are six images.
    @Test func validationStepsAreBatches() throws {
        let batches = ["training.batch_size=3", "training.shard_size=2"]
        let all = try Self.run(batches)
        let some = try Self.run(batches + ["training.validation_steps=2"], workers: 2)
        #expect(some.report.weightsDigest == all.report.weightsDigest)
        func validated(_ events: Recorder) -> [Int] {
            events.steps.filter { $0.phase == .validate }.map(\.samples)
        }
        #expect(validated(all.events) == [8] && validated(some.events) == [6])
        #expect(some.events.epochs[0].validationLoss != all.events.epochs[0].validationLoss)
        // The test at the end is over all images.
        #expect(some.report.testLoss == all.report.testLoss)
        let exact = try Self.run(batches + ["training.validation_steps=3"])
        #expect(exact.events.epochs[0].validationLoss == all.events.epochs[0].validationLoss)
    }

    @Test func whatTheDataCannotGiveIsNamed() {
        func complaint(_ overrides: String...) -> String? {
            runtimeError { _ = try Self.run(overrides) }?.detail
        }
        #expect(
            complaint("training.validation_steps=2")
                == "training.validation_steps is 2, but 8 validation images are 1 batches of 16; leave it "
                + "out to validate with all")
        #expect(
            complaint("training.validation_steps=1", "dataset.validation=none")
                == "training.validation_steps is 1, but the job has no validation data; leave it out, or "
                + "set dataset.validation")
        #expect(
            complaint("training.epochs=1000000", "training.steps_per_epoch=4")
                == "1000000 epochs of 4 steps go through 40 images 1333333 times, at most 1000000 are "
                + "possible; lower training.epochs or training.steps_per_epoch")
    }

    @Test(arguments: ["balanced", "{airplane: 3, 1: 0.2, cat: 0}"])
    func weightsOfClassesAreTheSameOnAnyNumberOfWorkers(weights: String) throws {
        let flag = "training.class_weight=\(weights)"
        let alone = try Self.run([flag], uneven: true)
        let many = try Self.run([flag], workers: 3, isRemote: true, uneven: true)
        #expect(many.report.weightsDigest == alone.report.weightsDigest)
        #expect(many.events.steps.map(\.loss) == alone.events.steps.map(\.loss))
        let local = try Self.run([flag, "cluster.data=local"], workers: 2, uneven: true)
        #expect(local.report.weightsDigest == alone.report.weightsDigest)
        let even = try Self.run([], uneven: true)
        #expect(even.report.weightsDigest != alone.report.weightsDigest)
        // The first step's weights are the same, so its accuracy is; its loss is weighted.
        #expect(even.events.steps[0].accuracy == alone.events.steps[0].accuracy)
        #expect(even.events.steps[0].loss != alone.events.steps[0].loss)
    }

    /// Weights that a run has found are kept, and can be given by hand.
    @Test func balancedIsWhatItsNumbersAre() throws {
        let balanced = try Self.run(["training.class_weight=balanced"], uneven: true)
        let threes = (0..<9).map { "\($0): 40/30" }.joined(separator: ", ")
        let given = try Self.run(["training.class_weight={\(threes), 9: 40/130}"], uneven: true)
        #expect(given.report.weightsDigest == balanced.report.weightsDigest)
        let model = try ModelFile.read(balanced.report.model)
        #expect(
            model.job.resolution?.classWeights
                == Array(repeating: 40.0 / 30, count: 9) + [40.0 / 130])
    }

    /// Weights of one, however they are said, are no weights.
    @Test func aWeightOfOneChangesNothing() throws {
        let plain = try Self.run([])
        let ones = try Self.run(["training.class_weight={airplane: 1}"])
        #expect(ones.report.weightsDigest == plain.report.weightsDigest)
    }

    @Test func balancedEpochsAreTheSameWhoeverComputes() throws {
        let balanced = ["training.sampling=balanced", "training.epochs=2"]
        let alone = try Self.run(balanced, uneven: true)
        let steps = alone.events.steps.map(\.weightsDigest)
        for (flags, workers) in [([], 3), (["cluster.data=local"], 2)] {
            let other = try Self.run(balanced + flags, workers: workers, uneven: true)
            #expect(other.events.steps.map(\.weightsDigest) == steps)
        }
        let shuffled = try Self.run(["training.epochs=2"], uneven: true)
        #expect(shuffled.report.weightsDigest != alone.report.weightsDigest)
        #expect(shuffled.events.steps.map(\.samples) == alone.events.steps.map(\.samples))
        // Stopped within the second epoch.
        let folder = try TemporaryFolder()
        try TinyCIFAR.write(folder, "data", seed: 1, uneven: true)
        let job = try TinyCIFAR.job(folder.path + "/data", balanced + [Self.augmented])
        let first = try LocalRun(workers: 1, folder: folder)
        first.steps = 5
        try first.run(job)
        let second = try LocalRun(workers: 2, folder: folder)
        #expect(try second.run(job)?.weightsDigest == alone.report.weightsDigest)
    }
}
