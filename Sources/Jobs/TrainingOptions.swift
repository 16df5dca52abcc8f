// SPDX-License-Identifier: Apache-2.0

import Configuration
import Layers

/// `training:` how long, how much at a time, by which rule.
public struct TrainingOptions: Sendable {
    public var epochs: Int
    public var batchSize: Int
    /// Training steps of an epoch, which goes on in the data where the last one stopped; nil for all data.
    public var stepsPerEpoch: Int?
    /// Batches that are validated, always the same; nil for all data.
    public var validationSteps: Int?
    /// Which images an epoch is made of.
    public enum Sampling: String, CaseIterable, Sendable {
        /// Each once, in an order of the epoch's own.
        case shuffled
        /// As many, but of each class equally many.
        case balanced
    }

    public var sampling: Sampling
    /// What the loss of an image counts, by its class; nil where all count the same.
    public var classWeight: ClassWeight?
    public var optimizer: UpdateRule
    /// What the model is judged by beside its loss and its accuracy.
    public var metrics: [NamedMetric]
    /// Whose weights it starts from; nil for those that the initializers draw.
    public var initialWeights: InitialWeights?
    public var callbacks: Callbacks
    /// Batches whose gradients make one step: a step is that many times larger, at no more memory.
    public var gradientAccumulationSteps: Int
    /// Samples in a unit of work, of reduction and of exactly-once.
    public var shardSize: Int
    /// Checkpoints between the epochs' ends; nil for none.
    public var checkpointEvery: Int?

    /// Samples of one optimizer step.
    public var samplesPerStep: Int { batchSize * gradientAccumulationSteps }

    /// - Parameter optimizer: What else an update has, clipping for one, is said of the property `optimizer`.
    public init(
        epochs: Int = 1, batchSize: Int = 32, stepsPerEpoch: Int? = nil,
        validationSteps: Int? = nil, sampling: Sampling = .shuffled,
        classWeight: ClassWeight? = nil, optimizer: any Optimizer, metrics: [NamedMetric] = [],
        initialWeights: InitialWeights? = nil, callbacks: Callbacks = Callbacks(),
        gradientAccumulationSteps: Int = 1, shardSize: Int = 16, checkpointEvery: Int? = nil
    ) {
        self.epochs = epochs
        self.batchSize = batchSize
        self.stepsPerEpoch = stepsPerEpoch
        self.validationSteps = validationSteps
        self.sampling = sampling
        self.classWeight = classWeight
        self.optimizer = UpdateRule(optimizer)
        self.metrics = metrics
        self.initialWeights = initialWeights
        self.callbacks = callbacks
        self.gradientAccumulationSteps = gradientAccumulationSteps
        self.shardSize = shardSize
        self.checkpointEvery = checkpointEvery
    }

    /// Whose fields a file need not name; it always names an optimizer.
    private static let usual = TrainingOptions(optimizer: SGD())

    init(fields: inout Fields) throws(ConfigError) {
        let usual = Self.usual
        epochs = try fields.int("epochs", default: usual.epochs, in: 1...1_000_000)
        batchSize = try fields.int("batch_size", default: usual.batchSize, in: 1...1_048_576)
        stepsPerEpoch = try fields.optionalInt("steps_per_epoch", in: 1...1_000_000_000)
        validationSteps = try fields.optionalInt("validation_steps", in: 1...1_000_000_000)
        sampling = try fields.choice("sampling", default: usual.sampling)
        classWeight = try ClassWeight(fields: &fields)
        guard sampling != .balanced || classWeight != .balanced else {
            throw ConfigError(
                code: .outOfRange, path: "training.sampling", line: fields.line,
                detail:
                    "is balanced, and so is class_weight: small classes would count twice; leave "
                    + "one of them out")
        }
        guard let rule = fields.value("optimizer") else {
            throw ConfigError(
                code: .missingField, path: "training.optimizer", line: fields.line,
                detail: "is missing; add one under training, for example 'optimizer: adam'")
        }
        optimizer = try UpdateRule(rule, path: "training.optimizer")
        initialWeights = try InitialWeights(fields: &fields)
        metrics = try parseMetrics(fields.value("metrics"), path: "training.metrics")
        callbacks = try Callbacks(&fields, metrics)
        guard callbacks.reduceLROnPlateau == nil || optimizer.optimizer.learningRate.schedule == nil
        else {
            throw ConfigError(
                code: .outOfRange, path: "training.callbacks",
                line: fields.value("callbacks")?.line ?? fields.line,
                detail:
                    "ReduceLROnPlateau stands beside a schedule of the learning rate; give the optimizer "
                    + "a number, or leave the callback out")
        }
        gradientAccumulationSteps = try fields.int(
            "gradient_accumulation_steps", default: usual.gradientAccumulationSteps,
            in: 1...max(1, 1_048_576 / batchSize))
        shardSize = try fields.int("shard_size", default: usual.shardSize, in: 1...4096)
        let every = try fields.int(
            "checkpoint_every_steps", default: usual.checkpointEvery ?? 0)
        checkpointEvery = every == 0 ? nil : every
    }

    func encoded() -> ConfigValue {
        var entries: [ConfigValue.Entry] = [
            .init("epochs", .scalar(epochs)),
            .init("batch_size", .scalar(batchSize)),
        ]
        if let stepsPerEpoch { entries.append(.init("steps_per_epoch", .scalar(stepsPerEpoch))) }
        if let validationSteps {
            entries.append(.init("validation_steps", .scalar(validationSteps)))
        }
        if sampling != .shuffled { entries.append(.init("sampling", .scalar(sampling.rawValue))) }
        if let classWeight { entries.append(.init("class_weight", classWeight.encoded())) }
        entries.append(.init("optimizer", optimizer.encoded()))
        if let initialWeights {
            entries.append(.init("initial_weights", initialWeights.encoded()))
        }
        if gradientAccumulationSteps > 1 {
            entries.append(
                .init("gradient_accumulation_steps", .scalar(gradientAccumulationSteps)))
        }
        if !metrics.isEmpty { entries.append(.init("metrics", encodeMetrics(metrics))) }
        if !callbacks.all.isEmpty { entries.append(.init("callbacks", callbacks.encoded)) }
        entries += [
            .init("shard_size", .scalar(shardSize)),
            .init("checkpoint_every_steps", .scalar(checkpointEvery ?? 0)),
        ]
        return .map(entries)
    }
}

extension ConfigValue {
    /// The tree with its optimizer as a map with a name, whichever way it was written, so that
    /// `--set training.optimizer.learning_rate=0.01` finds its place:
    ///
    ///     optimizer: adam
    ///     optimizer: {Adam: {learning_rate: 0.001}}
    ///     optimizer: {name: adam, learning_rate: 0.001}
    func withNamedOptimizer() -> ConfigValue {
        changing("training") { $0.changing("optimizer") { $0.named() } }
    }

    private func changing(_ name: String, _ change: (ConfigValue) -> ConfigValue) -> ConfigValue {
        guard case .map(let entries) = kind else { return self }
        let changed = entries.map { $0.name == name ? .init(name, change($0.value)) : $0 }
        return ConfigValue(.map(changed), line: line)
    }

    private func named() -> ConfigValue {
        switch kind {
        case .scalar:
            return ConfigValue(.map([.init("name", self)]), line: line)
        case .map(let entries):
            guard entries.count == 1, let only = entries.first, only.name != "name" else {
                return self
            }
            let name = ConfigValue.Entry("name", ConfigValue(.scalar(only.name), line: line))
            switch only.value.kind {
            case .null: return ConfigValue(.map([name]), line: line)
            case .map(let fields): return ConfigValue(.map([name] + fields), line: line)
            case .scalar, .list: return self
            }
        case .null, .list:
            return self
        }
    }
}
