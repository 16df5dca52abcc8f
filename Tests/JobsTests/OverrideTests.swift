// SPDX-License-Identifier: Apache-2.0

import Jobs
import Layers
import Testing

@Suite struct OverrideTests {
    @Test func fieldsChange() throws {
        let job = try Job.parse(
            yaml: smallest,
            overrides: [
                "training.epochs=3", "name=mine", "cluster.data=local", "numerics.winograd=no",
                "training.optimizer.learning_rate=0.01", "dataset.validation=split",
            ], file: "f")
        #expect(job.training.epochs == 3)
        #expect(job.name == "mine")
        #expect(job.cluster.data == .local)
        #expect(!job.numerics.winograd)
        #expect(job.optimizer as? Adam == Adam(learningRate: 0.01))
        #expect(job.dataset.validation == .split)
    }

    @Test func laterOnesWin() throws {
        let overrides = ["training.epochs=3", "training.epochs=4"]
        #expect(try Job.parse(yaml: smallest, overrides: overrides, file: "f").training.epochs == 4)
    }

    @Test(arguments: [
        "model.1.Dense.units=12", "model[1].Dense.units=12", "model[1]={Dense: {units: 12}}",
    ])
    func layersAreCounted(flag: String) throws {
        let job = try Job.parse(yaml: smallest, overrides: [flag], file: "f")
        #expect((job.layers[1] as? Dense)?.units == 12)
    }

    @Test func bareNamesTakeFields() throws {
        let yaml = smallest.replacing("- Flatten", with: "- MaxPooling2D\n  - Flatten")
        let job = try Job.parse(
            yaml: yaml, overrides: ["model[0].MaxPooling2D.pool_size=4"], file: "f")
        let shape = try job.layers[0].outputShape(for: [32, 32, 3])
        #expect(shape == [8, 8, 3])
    }

    @Test func anotherOptimizerStartsFromItsDefaults() throws {
        let job = try Job.builtIn(overrides: ["training.optimizer=sgd"])
        #expect(job.optimizer as? SGD == SGD())
    }

    @Test func textIsMeantAsItStands() throws {
        let job = try Job.parse(yaml: smallest, overrides: ["name=a: b #c"], file: "f")
        #expect(job.name == "a: b #c")
    }

    @Test func nothingStandsForTheDefault() throws {
        let job = try Job.parse(yaml: smallest, overrides: ["training.batch_size="], file: "f")
        #expect(job.training.batchSize == 32)
    }
}
