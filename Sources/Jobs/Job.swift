// SPDX-License-Identifier: Apache-2.0
//
// What to train: a value that a YAML file, flags and defaults make together.

import Configuration
import Datasets
import Digests
import Layers
import Tensors

/// Version of the arithmetic: two builds with the same id compute the same bits from the same job.
public let numericsID = "convoy-2"

/// Everything that decides a run: model, data, hyper-parameters and seed, and how to run it.
public struct Job: Sendable {
    public var name: String
    public var seed: UInt64
    public var dataset: DatasetConfiguration
    public var nodes: [Node]
    public var loss: Loss
    public var training: TrainingOptions
    public var cluster: ClusterOptions
    public var numerics: NumericsOptions
    /// What a run found out about the job; nil in a job that no run has resolved.
    public var resolution: Resolution?

    public var optimizer: any Optimizer { training.optimizer.optimizer }
    public var layers: [any Layer] { nodes.map(\.layer) }

    /// - Parameters:
    ///   - yaml: The text of a job file.
    ///   - overrides: `training.epochs=3`, in order, later ones win.
    ///   - file: Its name, for messages.
    public static func parse(
        yaml: String, overrides: [String] = [], file: String
    ) throws(JobError) -> Job {
        do throws(ConfigError) {
            var tree = try YAMLReader.read(yaml)
            guard tree.kind != .null else {
                throw ConfigError(
                    code: .malformed, path: "", line: 0,
                    detail: "is empty; a job has at least dataset, model and training")
            }
            tree = tree.withNamedOptimizer()
            for (index, text) in overrides.enumerated() {
                tree = try Override(text, line: -index - 1).applied(to: tree).withNamedOptimizer()
            }
            return try Job(tree, defaultName: stem(file))
        } catch {
            throw JobError(error, file: file, text: yaml, overrides: overrides)
        }
    }

    /// The network of this job for images of a shape, with memory planned.
    ///
    /// - Parameter statistics: Of the training images, if the job needs them; by default those that a run
    ///   has found.
    public func model(
        input: Shape, classes: Int?, statistics: ChannelStatistics? = nil
    ) throws(LayerError) -> Model {
        try Model(
            nodes: nodes, input: input, loss: loss, classes: classes,
            shardSize: training.shardSize, winograd: numerics.winograd,
            standardization: standardization(statistics ?? resolution?.statistics),
            metrics: training.metrics)
    }

    /// What a job is called and drawn from, and makes small, if it does not say so.
    public static let usualName = "job"
    public static let usualSeed: UInt64 = 0
    public static let usualLoss = Loss.sparseCategoricalCrossentropy

    /// A job that no file has: it is read as one, so that the same is right, wrong and meant.
    ///
    /// - Throws: A `JobError` that names the field as a file has it.
    public init(
        name: String = usualName, seed: UInt64 = usualSeed, dataset: DatasetConfiguration,
        nodes: [Node], loss: Loss = usualLoss, training: TrainingOptions,
        cluster: ClusterOptions = ClusterOptions(), numerics: NumericsOptions = NumericsOptions()
    ) throws(JobError) {
        self.name = name
        self.seed = seed
        self.dataset = dataset
        self.nodes = nodes
        self.loss = loss
        self.training = training
        self.cluster = cluster
        self.numerics = numerics
        do throws(ConfigError) { self = try Job(encoded(), defaultName: name) } catch {
            throw JobError(error, file: "job '\(name)'", text: "", overrides: [])
        }
    }

    private init(_ tree: ConfigValue, defaultName: String) throws(ConfigError) {
        var fields = try Fields(tree, path: "")
        name = try fields.string("name", default: defaultName)
        seed = UInt64(try fields.int("seed", default: Int(Self.usualSeed)))
        dataset = try Self.dataset(&fields)
        let model = fields.value("model") ?? ConfigValue(.null, line: fields.line)
        nodes = try parseLayers(model, path: "model")
        dataset.augmentation.transforms = RandomTransform.all(of: nodes)
        guard dataset.augmentation.transforms.isEmpty || dataset.preprocessing == .init() else {
            throw ConfigError(
                code: .outOfRange, path: "model", line: model.line,
                detail:
                    "varies images by layers, but dataset.preprocessing comes before the model; "
                    + "vary them by dataset.augmentation, or leave the preprocessing out")
        }
        loss =
            try fields.value("loss").map { value throws(ConfigError) in
                try Loss(value, path: "loss")
            } ?? Self.usualLoss
        loss.isDense = dataset.classMode == .raw && loss.takesShares
        var training = try fields.section("training")
        self.training = try TrainingOptions(fields: &training)
        nodes = try Self.freezing(nodes, &training)
        try training.finish()
        var cluster = try fields.section("cluster")
        self.cluster = try ClusterOptions(fields: &cluster)
        try cluster.finish()
        var numerics = try fields.section("numerics")
        self.numerics = try NumericsOptions(fields: &numerics)
        try numerics.finish()
        try checkTargets(line: fields.line)
        if let value = fields.value("resolved") {
            var resolved = try Fields(value, path: "resolved")
            resolution = try Resolution(fields: &resolved)
            try resolved.finish()
            guard !lacksStatistics else {
                throw ConfigError(
                    code: .missingField, path: "resolved.mean", line: value.line,
                    detail:
                        "is missing, but dataset.preprocessing needs what the run has found of its "
                        + "images; remove 'resolved' to have it found again")
            }
        }
        try fields.finish()
    }

    /// `training.freeze` names layers, and is short for `trainable: false` in each of them.
    private static func freezing(
        _ nodes: [Node], _ training: inout Fields
    ) throws(ConfigError) -> [Node] {
        let patterns = try training.names("freeze")
        do throws(LayerError) { return try nodes.freezing(patterns) } catch {
            throw ConfigError(
                code: .outOfRange, path: "training.freeze",
                line: training.value("freeze")?.line ?? training.line, detail: "\(error)")
        }
    }

    /// `dataset: shapes` is short for `dataset: {format: shapes}`.
    private static func dataset(
        _ fields: inout Fields
    ) throws(ConfigError) -> DatasetConfiguration {
        let value = fields.value("dataset") ?? ConfigValue(.null, line: fields.line)
        var map = value
        if case .scalar = value.kind {
            map = ConfigValue(.map([.init("format", value)]), line: value.line)
        }
        var inner = try Fields(map, path: "dataset")
        let configuration = try DatasetConfiguration(fields: &inner)
        try inner.finish()
        return configuration
    }

    /// `fashion` of `jobs/fashion.yaml`.
    private static func stem(_ file: String) -> String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let stem = name.split(separator: ".").first.map(String.init) ?? name
        return stem.isEmpty ? "job" : stem
    }
}

extension Fields {
    /// The fields of a map inside this one; absent, a map without fields.
    mutating func section(_ name: String) throws(ConfigError) -> Fields {
        try Fields(value(name) ?? ConfigValue(.null, line: line), path: name)
    }
}
