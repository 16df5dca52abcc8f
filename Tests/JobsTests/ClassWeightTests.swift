// SPDX-License-Identifier: Apache-2.0

import Configuration
import Datasets
import Digests
import Jobs
import Tensors
import Testing

@Suite struct ClassWeightTests {
    private func training(_ flag: String) throws -> TrainingOptions {
        try Job.parse(yaml: smallest, overrides: ["training.\(flag)"], file: "f").training
    }

    private func complaint(_ flag: String) -> String? {
        do {
            _ = try training(flag)
            return nil
        } catch { return "\(error)" }
    }

    @Test func withoutAWordAllClassesCountTheSame() throws {
        let training = try training("epochs=2")
        #expect(training.classWeight == nil)
        #expect(training.stepsPerEpoch == nil && training.validationSteps == nil)
        #expect(try self.training("class_weight={}").classWeight == nil)
        #expect(try self.training("steps_per_epoch=null").stepsPerEpoch == nil)
    }

    @Test func fieldsReadBack() throws {
        let job = try Job.parse(
            yaml: smallest,
            overrides: [
                "training.class_weight={cat: 2.5, 1: 0}", "training.steps_per_epoch=30",
                "training.validation_steps=4", "training.sampling=balanced",
            ], file: "f")
        let expected = ClassWeight.given([.init("cat", 2.5), .init("1", 0)])
        for job in [job, try Job.parse(yaml: job.resolvedYAML, file: "f")] {
            #expect(job.training.classWeight == expected && job.training.sampling == .balanced)
            #expect(job.training.stepsPerEpoch == 30 && job.training.validationSteps == 4)
        }
        #expect(try training("class_weight=balanced").classWeight == .balanced)
    }

    @Test(arguments: [
        ("class_weight=even", "found 'even', expected balanced, or a map of classes to numbers"),
        ("class_weight=[1, 2]", "found a list of 2, expected balanced, or a map"),
        ("class_weight={cat: -1}", "class_weight.cat: found -1.0, expected 0.0 to 1000000.0"),
        ("class_weight={cat: much}", "training.class_weight.cat: found 'much', expected a number"),
        ("steps_per_epoch=0", "training.steps_per_epoch: found 0, expected 1 to 1000000000"),
        ("sampling=even", "found 'even', expected one of shuffled, balanced"),
        ("validation_steps=-1", "training.validation_steps: found -1, expected 1 to 1000000000"),
    ])
    func mistakesAreNamed(flag: String, sentence: String) {
        #expect(complaint(flag)?.contains(sentence) == true, "\(complaint(flag) ?? "none")")
    }

    /// `compute_class_weight("balanced", classes=[0, 1, 2], y=[0] * 6 + [1] * 3 + [2])` of scikit-learn:
    /// 0.55555556, 1.11111111, 3.33333333.
    @Test func balancedIsThatOfScikitLearn() throws {
        let data = Labels([0, 1, 0, 0, 1, 2, 0, 0, 1, 0], ["a", "b", "c"])
        #expect(try ClassWeight.balanced.weights(in: data) == [10.0 / 18, 10.0 / 9, 10.0 / 3])
    }

    @Test func aClassIsMeantByItsNameOrItsNumber() throws {
        let data = Labels([0, 1, 2], ["cat", "dog", "0"])
        let named = ClassWeight.given([.init("dog", 3), .init("0", 0.5)])
        #expect(try named.weights(in: data) == [1, 3, 0.5])
        let numbered = ClassWeight.given([.init("1", 3), .init("cat", 0.5)])
        #expect(try numbered.weights(in: data) == [0.5, 3, 1])
    }

    @Test func whatDoesNotFitTheDataIsNamed() {
        let data = Labels([0, 0, 1], ["cat", "dog", "emu"])
        func complaint(_ weights: ClassWeight) -> String {
            do {
                return "\(try weights.weights(in: data))"
            } catch { return error.description }
        }
        #expect(
            complaint(.given([.init("dogs", 3)]))
                == "training.class_weight.dogs: is not a class of the data; did you mean 'dog'?")
        #expect(
            complaint(.given([.init("3", 3)]))
                == "training.class_weight.3: is not a class of the data; expected one of cat, dog, emu, "
                + "or a number from 0 to 2")
        #expect(
            complaint(.given([.init("1", 3), .init("dog", 3)]))
                == "training.class_weight.dog: is the class that '1' names too; keep one of them")
        #expect(
            complaint(.given([.init("0", 0), .init("1", 0), .init("2", 0)]))
                == "training.class_weight: is 0 for every class, so there is nothing to learn; expected a "
                + "weight above 0")
        #expect(
            complaint(.balanced)
                == "training.class_weight: is balanced, but class 'emu' has no training images; leave the "
                + "class out of the data, or give weights: class_weight: {'emu': 1}")
    }
}

/// Labels without images.
private struct Labels: Dataset {
    let labels: [Int32]
    let classNames: [String]
    let imageShape: Shape = [1, 1, 1]
    let encoding = SampleEncoding.pixels
    let fingerprint = sha256(UnsafeRawBufferPointer(start: nil, count: 0))

    init(_ labels: [Int32], _ classNames: [String]) {
        self.labels = labels
        self.classNames = classNames
    }

    var count: Int { labels.count }
    func label(_ index: Int) -> Int32 { labels[index] }
    func name(_ index: Int) -> String { "\(index)" }
    func storedBytes(_ index: Int) throws(DatasetError) -> Int { 1 }
    func read(_ index: Int, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {}
}
