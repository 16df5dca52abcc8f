// SPDX-License-Identifier: Apache-2.0

import Jobs
import Layers
import Testing

/// `training.initial_weights` and `training.freeze`.
@Suite struct TransferTests {
    @Test func aPathIsShortForAMap() throws {
        let short = try Job.builtIn(overrides: ["training.initial_weights=runs/a"])
        #expect(short.training.initialWeights == InitialWeights(path: "runs/a"))
        let long = try Job.builtIn(
            overrides: ["training.initial_weights={path: runs/a, skip_mismatch: yes}"])
        #expect(long.training.initialWeights == InitialWeights(path: "runs/a", skipMismatch: true))
        #expect(try Job.builtIn().training.initialWeights == nil)
        let again = try Job.parse(yaml: long.resolvedYAML, file: "f")
        #expect(again.training.initialWeights == long.training.initialWeights)
    }

    /// The digest of the weights themselves stands for the file.
    @Test func theFileIsNoPartOfTheIdentity() throws {
        let plain = try Job.builtIn()
        let job = try Job.builtIn(overrides: ["training.initial_weights=runs/a"])
        #expect(job.identity == plain.identity && job.portableYAML == plain.portableYAML)
        #expect(job.resolvedYAML != plain.resolvedYAML)
    }

    @Test func namesAreShortForFieldsOfLayers() throws {
        let named = try Job.builtIn(overrides: ["training.freeze=[conv2d, conv2d_1, \"*_2\"]"])
        let one = try Job.builtIn(overrides: ["training.freeze=conv2d*"])
        let fields = try Job.builtIn(
            overrides: [1, 3, 5].map { "model.\($0).Conv2D.trainable=false" })
        #expect(named.nodes.map(\.isTrainable).count { !$0 } == 3)
        #expect(named.resolvedYAML == fields.resolvedYAML && one.identity == fields.identity)
        #expect(try named.identity != Job.builtIn().identity)
        #expect(try Job.parse(yaml: named.resolvedYAML, file: "f").identity == named.identity)
    }

    @Test func everyLayerCanBeFrozen() throws {
        let job = try Job.builtIn(overrides: [
            "model=[SeparableConv2D: {filters: 3, kernel_size: 3, trainable: no}, Flatten: {trainable: no}, "
                + "BatchNormalization: {trainable: no}, Dense: {units: 10}]"
        ])
        let parameters = try job.model(input: [28, 28, 1], classes: 10).parameters
        #expect(parameters.entries.filter { $0.renewal != .frozen }.map(\.layer) == [3, 3])
    }

    @Test(arguments: [
        (
            "training.freeze=conv",
            "--set training.freeze=conv: training.freeze: no layer is called 'conv'; the layers are "
                + "rescaling, conv2d, "
        ),
        (
            "training.initial_weights={from: a}",
            "--set training.initial_weights={from: a}: training.initial_weights.path: is missing"
        ),
        (
            "training.initial_weights={path: a, skip: no}",
            "training.initial_weights.skip: is not a field of training.initial_weights"
        ),
    ])
    func mistakesAreExplained(flag: String, sentence: String) {
        let error = #expect(throws: JobError.self) { try Job.builtIn(overrides: [flag]) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }
}
