// SPDX-License-Identifier: Apache-2.0

import Datasets
import Jobs
import Layers
import Testing

@Suite struct JobTests {
    @Test func defaultsAreThoseOfKeras() throws {
        let job = try Job.parse(yaml: smallest, file: "jobs/small.yaml")
        #expect(job.name == "small")
        #expect(job.seed == 0)
        #expect(job.training.epochs == 1)
        #expect(job.training.batchSize == 32)
        #expect(job.training.shardSize == 16)
        #expect(job.training.checkpointEvery == nil)
        #expect(job.loss == .sparseCategoricalCrossentropy)
        #expect(job.optimizer as? Adam == Adam())
        #expect(job.cluster.data == .ship)
        #expect(job.numerics.winograd)
        #expect(job.dataset.format == .shapes)
    }

    @Test(arguments: Job.builtInFormats.map(\.rawValue))
    func builtInJobFitsItsData(format: String) throws {
        let format = try #require(Job.builtInFormats.first { $0.rawValue == format })
        // The data of MNIST and CIFAR-10 is where the user has put it.
        let job = try Job.builtIn(dataset: format, overrides: ["dataset.path=data"])
        let size = job.dataset.targetSize
        let model = try job.model(
            input: [size[0], size[1], job.dataset.colorMode.channels], classes: 10)
        #expect(model.parameters.count > 90_000)
        #expect(job.training.batchSize == 64)
        #expect(job.optimizer as? Adam == Adam(learningRate: 0.001))
    }

    @Test func theBuiltInJobIsTheTutorials() throws {
        let job = try Job.builtIn()
        let model = try job.model(input: [28, 28, 1], classes: 10)
        #expect(job.training.epochs == 5)
        #expect(model.summary.reduce(0) { $0 + $1.parameters } == 93_322)  // as Keras counts them
    }

    @Test func theThreeFormsOfAnOptimizerAreOne() throws {
        let texts = ["adam", "Adam", "{Adam: }", "{Adam: {learning_rate: 0.001}}", "{name: adam}"]
        for text in texts {
            let job = try Job.parse(
                yaml: smallest, overrides: ["training.optimizer=\(text)"], file: "f")
            #expect(job.optimizer as? Adam == Adam())
            let yaml = smallest.replacing("optimizer: adam", with: "optimizer: \(text)")
            #expect(try Job.parse(yaml: yaml, file: "f").optimizer as? Adam == Adam())
        }
    }
}

private let formats = DatasetConfiguration.Format.allCases.map(\.rawValue).joined(separator: ", ")

@Suite struct JobErrorTests {
    /// What a job file says wrong, and what Convoy says of it.
    @Test(arguments: [
        (
            smallest.replacing("  batch_size: 32", with: "  batchsize: 32"),
            """
            job.yaml:8: training.batchsize: is not a field of training; did you mean 'batch_size'?
                8 |   batchsize: 32
            """
        ),
        (
            smallest + "los: binary_crossentropy\n",
            """
            job.yaml:10: los: is not a field of a job; did you mean 'loss'?
                10 | los: binary_crossentropy
            """
        ),
        (
            smallest.replacing("{units: 10}", with: "{unit: 10}"),
            """
            job.yaml:6: model[1].Dense.units: is missing; add it under model[1].Dense
                6 |   - Dense: {unit: 10}
            """
        ),
        (
            smallest.replacing("Flatten", with: "Flaten"),
            """
            job.yaml:5: model[0]: 'Flaten' is not a layer; did you mean 'Flatten'?
                5 |   - Flaten
            """
        ),
        (
            smallest.replacing("batch_size: 32", with: "batch_size: many"),
            """
            job.yaml:8: training.batch_size: found 'many', expected a whole number
                8 |   batch_size: many
            """
        ),
        (
            smallest.replacing("batch_size: 32", with: "epochs: 0"),
            """
            job.yaml:8: training.epochs: found 0, expected 1 to 1000000
                8 |   epochs: 0
            """
        ),
        (
            smallest.replacing("  batch_size: 32", with: "  optimizer: sgd"),
            """
            job.yaml:9: 'optimizer' is given twice; keep one of them
                9 |   optimizer: adam
            """
        ),
        (
            smallest.replacing("{units: 10}", with: "{units: 10"),
            """
            job.yaml:7: is not valid YAML: did not find expected ',' or '}' (column 9), \
            while parsing a flow mapping that begins on line 6
                7 | training:
            """
        ),
        (
            smallest.replacing("  batch_size", with: "\tbatch_size"),
            """
            job.yaml:8: is not valid YAML: found character that cannot start any token (column 1); \
            indent with spaces, not tabs, and quote text that begins with @ or `
                8 | \tbatch_size: 32
            """
        ),
        ("", "job.yaml: is empty; a job has at least dataset, model and training"),
        (
            "- 1\n",
            "job.yaml:1: found a list of 1, expected a map of fields (name: value)\n    1 | - 1"
        ),
        (
            smallest.replacing("  optimizer: adam", with: "  shard_size: 8"),
            "job.yaml:7: training.optimizer: is missing; add one under training, "
                + "for example 'optimizer: adam'\n    7 | training:"
        ),
        (
            smallest + "numerics: {id: convoy-0}\n",
            "job.yaml:10: numerics.id: the job was resolved for 'convoy-0', this build computes "
                + "'convoy-2'; use the build that began it, or remove the field to start anew\n"
                + "    10 | numerics: {id: convoy-0}"
        ),
        (
            smallest.replacing("dataset:\n  format: shapes", with: "dataset: cifar"),
            "job.yaml:2: dataset.format: found 'cifar', expected one of \(formats); did you mean 'cifar10'?\n    2 | dataset: cifar"
        ),
    ])
    func mistakeIsNamedWithItsLine(yaml: String, message: String) {
        expectError(message) { _ = try Job.parse(yaml: yaml, file: "job.yaml") }
    }

    @Test(arguments: [
        ("training.epoch=3", "training.epoch: is not a field of training; did you mean 'epochs'?"),
        ("training.epochs=x", "training.epochs: found 'x', expected a whole number"),
        ("training.epochs", "expected FIELD=VALUE, for example training.epochs=3"),
        ("=3", "expected FIELD=VALUE, for example training.epochs=3"),
        ("training..epochs=3", "has an empty name in 'training..epochs'"),
        ("seed.x=3", "seed: is '7', which has no field 'x'"),
        (
            "model.5.Dense.units=3",
            "model: is a list of 2; expected a number from 0 to 1 after it, found '5'"
        ),
        (
            "dataset.target_size=[1",
            "is not valid YAML: did not find expected ',' or ']' (column 1)"
        ),
        ("training=3", "training: found '3', expected a map of fields (name: value)"),
    ])
    func mistakeInAFlagNamesTheFlag(flag: String, message: String) {
        expectError("--set \(flag): \(message)") {
            _ = try Job.parse(yaml: "seed: 7\n" + smallest, overrides: ["seed=7", flag], file: "f")
        }
    }

    @Test func aliasBombIsRefused() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for i in 1...8 {
            let items = Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ", ")
            yaml += "a\(i): &a\(i) [\(items)]\n"
        }
        #expect(throws: JobError.self) { try Job.parse(yaml: yaml, file: "f") }
    }

    @Test func controlCharactersStayOutOfMessages() {
        let yaml = smallest + "bad\u{1b}[2J: 1\n"
        #expect {
            _ = try Job.parse(yaml: yaml, file: "f")
        } throws: { !"\($0)".contains("\u{1b}") }
    }

    private func expectError(_ message: String, _ body: () throws -> Void) {
        #expect { try body() } throws: { error in
            #expect("\(error)" == message)
            return error is JobError
        }
    }
}

let smallest = """
    # The smallest job
    dataset:
      format: shapes
    model:
      - Flatten
      - Dense: {units: 10}
    training:
      batch_size: 32
      optimizer: adam

    """
