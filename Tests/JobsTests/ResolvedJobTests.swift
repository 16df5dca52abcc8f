// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Foundation
import Jobs
import Testing

@Suite struct ResolvedJobTests {
    @Test(arguments: Job.builtInFormats.map(\.rawValue))
    func resolvedTextReadsBackToItself(format: String) throws {
        let format = try #require(DatasetConfiguration.Format(rawValue: format))
        var job = try Job.builtIn(dataset: format, overrides: ["dataset.path=a b/ü: \"x\"\n#"])
        let text = job.resolvedYAML
        #expect(try Job.parse(yaml: text, file: "other.yaml").resolvedYAML == text)
        job.resolution = Resolution(
            blockSize: 16, imageShape: [28, 28, 3], classes: 10, encoding: .pixels,
            startingWeights: digest("w"), trainingData: digest("t"),
            testData: digest("e"), classWeights: (0..<10).map { Double($0) / 3 },
            statistics: .init(mean: [1.0 / 3, 0, 255], deviation: [0.1 + 0.2, 1e-9, 100]),
            whitening: digest("z"))
        let resolved = try Job.parse(yaml: job.resolvedYAML, file: "other.yaml")
        #expect(resolved.resolution == job.resolution)
        #expect(resolved.resolvedYAML == job.resolvedYAML)
    }

    @Test(arguments: [
        "null", "~", "", " x", "- a", "-1", "a: b", "#", "[", "*a", "\t", "1e-07", "Yes",
    ])
    func awkwardNamesSurvive(name: String) throws {
        var job = try Job.builtIn()
        job.name = name
        #expect(try Job.parse(yaml: job.resolvedYAML, file: "f").name == name)
    }

    /// Names and branches too; a preset stands there layer by layer.
    @Test func networksReadBackToThemselves() throws {
        let text = try Job.builtIn().resolvedYAML
        let start = try #require(text.range(of: "model:\n")).lowerBound
        let end = try #require(text.range(of: "loss:")).lowerBound
        let preset = "model: {preset: resnet18, classes: 10}\n"
        let yaml = text.replacingCharacters(in: start..<end, with: preset)
        let job = try Job.parse(yaml: yaml, file: "resnet")
        let again = try Job.parse(yaml: job.resolvedYAML, file: "resnet")
        #expect(again.identity == job.identity)
        #expect(again.nodes.map(\.inputs) == job.nodes.map(\.inputs))
        #expect(try again.model(input: [32, 32, 3], classes: 10).stageCount == 42)
    }

    @Test func portableTextTellsNoWhereabouts() throws {
        for format in Job.builtInFormats {
            let here = try Job.builtIn(
                dataset: format, overrides: ["dataset.path=/here", "cluster.data=local"])
            let there = try Job.builtIn(dataset: format, overrides: ["dataset.path=/there"])
            #expect(here.portableYAML == there.portableYAML)
            #expect(!here.portableYAML.contains("/here"))
            let back = try Job.parse(yaml: here.portableYAML, file: "model")
            #expect(back.identity == here.identity)
        }
    }

    @Test func aTableIsTheSameWhereverItLies() throws {
        let table = ["dataset.format=table", "dataset.path=/here/t.csv"]
        let here = try Job.builtIn(overrides: table + ["dataset.directory=/here/images"])
        let there = try Job.builtIn(overrides: table)
        #expect(here.identity == there.identity && here.portableYAML == there.portableYAML)
        let other = try Job.builtIn(overrides: table + ["dataset.y_col=species"])
        #expect(other.differences(from: here) == ["dataset.y_col: class, here species"])
    }

    @Test func theResolvedJobHoldsEveryDefault() throws {
        let text = try Job.builtIn().resolvedYAML
        for field in [
            "seed: 1", "shard_size: 16", "id: convoy-2", "winograd: true", "beta_2: 0.999",
            "data: ship", "validation: test",
        ] {
            #expect(text.contains(field))
        }
    }

    @Test(arguments: [
        "name=x", "cluster.data=local", "training.checkpoint_every_steps=10", "dataset.path=/else",
        "cluster.heartbeat_seconds=2",
    ])
    func identityLeavesOutWhatChangesNoBit(flag: String) throws {
        let (job, changed) = (try Job.builtIn(), try Job.builtIn(overrides: [flag]))
        #expect(changed.resolvedYAML != job.resolvedYAML)
        #expect(changed.identity == job.identity)
        #expect(changed.identityDigest == job.identityDigest)
        #expect(changed.differences(from: job).isEmpty)
    }

    @Test func identityLeavesOutWhatIsCached() throws {
        func job(_ flags: [String]) throws -> Job {
            try Job.builtIn(overrides: ["dataset={format: folder, path: p}"] + flags)
        }
        let cached = try job(["dataset.cache=memory", "dataset.cache_limit_mb=7"])
        #expect(try cached.identity == job([]).identity)
        #expect(try cached.resolvedYAML != job([]).resolvedYAML)
        #expect(try job(["dataset.max_sample_bytes=9"]).identity != job([]).identity)
    }

    @Test(arguments: [
        ("seed=2", "seed: 1, here 2"),
        ("training.epochs=9", "training.epochs: 5, here 9"),
        ("training.shard_size=8", "training.shard_size: 16, here 8"),
        ("training.optimizer.epsilon=0.1", "training.optimizer.epsilon: 1e-07, here 0.1"),
        ("training.steps_per_epoch=7", "training.steps_per_epoch: absent, here 7"),
        ("training.validation_steps=7", "training.validation_steps: absent, here 7"),
        ("training.class_weight=balanced", "training.class_weight: absent, here balanced"),
        ("training.class_weight={0: 2}", "training.class_weight.0: absent, here 2.0"),
        (
            "dataset.preprocessing={featurewise_center: yes}",
            "dataset.preprocessing.featurewise_center: absent, here true"
        ),
        ("numerics.winograd=off", "numerics.winograd: true, here false"),
        ("model[8].Dense.units=11", "model[8].Dense.units: 10, here 11"),
        (
            "dataset.augmentation.horizontal_flip=yes",
            "dataset.augmentation.horizontal_flip: false, here true"
        ),
    ])
    func identityHoldsWhatDecidesBits(flag: String, difference: String) throws {
        let (job, changed) = (try Job.builtIn(), try Job.builtIn(overrides: [flag]))
        #expect(changed.identityDigest != job.identityDigest)
        #expect(changed.differences(from: job) == [difference])
    }

    @Test func whatARunFoundFitsItsJob() throws {
        var job = try Job.builtIn(
            overrides: ["dataset.preprocessing={featurewise_center: yes}"])
        #expect(job.lacksStatistics)
        job.resolution = Resolution(
            blockSize: 16, imageShape: [28, 28, 1], classes: 10, encoding: .pixels,
            startingWeights: digest("w"), trainingData: digest("t"))
        func complaint() -> String {
            do {
                _ = try Job.parse(yaml: job.resolvedYAML, file: "f")
                return "none"
            } catch { return "\(error)" }
        }
        #expect(
            complaint().contains(
                "resolved.mean: is missing, but dataset.preprocessing needs what the run has found")
        )
        job.resolution?.statistics = .init(mean: [1, 2], deviation: [1])
        #expect(
            complaint().contains(
                "resolved.mean: found 2 means and 1 deviations, expected one of each for 1 channels"
            ))
        job.resolution?.statistics = .init(mean: [1], deviation: [2])
        #expect(complaint() == "none" && !job.lacksStatistics)
        job.resolution?.classWeights = [1, 2]
        #expect(complaint().contains("found 2 numbers, expected one for each of 10 classes"))
    }

    private func digest(_ text: String) -> Digest {
        Array(text.utf8).withUnsafeBytes { sha256($0) }
    }
}
