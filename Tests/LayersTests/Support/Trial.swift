// SPDX-License-Identifier: Apache-2.0
//
// One shard through one replica, with everything that tests look at.

import Engines
import Layers
import Tensors

/// A model with weights and a batch of images.
struct Trial {
    let model: Model
    var weights: [Float]
    var pixels: [UInt8]
    var labels: [Int32]
    var classWeights: [Float] = []
    /// What the loss of each image counts.
    var sampleWeights: [Float] = []
    /// What images are mixed with, and their own shares.
    var partners: [Int32] = [], shares: [Float] = []
    /// Where the loss reads numbers.
    var targets: [Float] = []
    /// The matrix that whitens images, if any does.
    var whitening: [Float] = []
    var seed: UInt64 = 0, epoch = 0, firstPosition = 0

    /// Weights and images drawn from `seed`; biases are not zero, so that a forgotten one shows.
    init(_ model: Model, samples: Int, seed: UInt64) {
        self.model = model
        weights = [Float](repeating: 0, count: model.parameters.count)
        weights.withUnsafeMutableBufferPointer { model.initialize($0, seed: seed) }
        var random = Draw(seed: seed)
        let tensors = weights.withUnsafeBufferPointer { model.exportTensors($0) }.map { tensor in
            guard tensor.shape.rank == 1 else { return tensor }
            let isFactor = ["gamma", "moving_variance"].contains { tensor.name.hasSuffix($0) }
            let values = tensor.values.map { _ in
                random.float(in: -0.3, 0.3) + (isFactor ? 1 : 0)
            }
            return (tensor.name, tensor.shape, values)
        }
        let imported: Void? = try? weights.withUnsafeMutableBufferPointer {
            try model.importTensors(tensors, into: $0)
        }
        precondition(imported != nil, "Trial: the model does not take its own tensors")
        pixels = (0..<samples * model.input.count).map { _ in UInt8(random.int(in: 0, 255)) }
        labels = (0..<samples).map { _ in Int32(random.int(in: 0, max(2, model.outputs) - 1)) }
        if model.loss.readsNumbers {
            labels = labels.map { _ in 0 }
            let lowest: Float = model.loss.isRegression ? -1 : 0
            targets = (0..<samples * model.outputs).map { _ in random.float(in: lowest, 1) }
        }
        self.seed = seed
    }

    init(_ golden: Golden, winograd: Bool = true) throws {
        model = try golden.model(winograd: winograd)
        weights = [Float](repeating: 0, count: model.parameters.count)
        pixels = golden.pixels
        labels = golden.labels
        classWeights = golden.classWeights ?? []
        sampleWeights = golden.sampleWeights ?? []
        targets = golden.targets ?? []
        whitening = golden.standardization?.whitening?.map(Float.init) ?? []
        try importWeights(golden.weights.map(\.tensor))
    }

    mutating func importWeights(_ tensors: [NamedTensor]) throws {
        try weights.withUnsafeMutableBufferPointer { [model] in
            try model.importTensors(tensors, into: $0)
        }
    }

    /// Metrics and gradient of the batch as one shard.
    ///
    /// - Parameter sum: A gradient that it is added to, if any.
    func train(
        _ kernels: KernelSet = Engine.best(), sharingMemory: Bool = true,
        addingTo sum: [Float]? = nil,
        replica: Replica? = nil, willUse: (Int) -> Void = { _ in },
        factored: (Int) -> FactoredGradient? = { _ in nil },
        didFinish: (Int) -> Void = { _ in }
    ) throws -> (metrics: ShardMetrics, gradient: [Float]) {
        Engine.enableFlushToZero()
        let replica =
            replica ?? Replica(model: model, kernels: kernels, sharingMemory: sharingMemory)
        // What was there before must not matter.
        var gradient = sum ?? [Float](repeating: .nan, count: weights.count)
        let metrics = try withShard(kernels) { shard, weights, prepared in
            try gradient.withUnsafeMutableBufferPointer { gradient in
                try replica.train(
                    shard, weights: weights, prepared: prepared, gradient: gradient,
                    adding: sum != nil, willUse: willUse, factored: factored, didFinish: didFinish)
            }
        }
        return (metrics, gradient)
    }

    func evaluate(
        _ kernels: KernelSet = Engine.best(), replica: Replica? = nil
    ) throws -> ShardMetrics {
        Engine.enableFlushToZero()
        let replica = replica ?? Replica(model: model, kernels: kernels)
        return try withShard(kernels) {
            try replica.evaluate($0, weights: $1, prepared: $2)
        }
    }

    /// The same, with what the model's metrics count.
    func count(_ kernels: KernelSet) throws -> (metrics: ShardMetrics, counts: [Float]) {
        Engine.enableFlushToZero()
        let replica = Replica(model: model, kernels: kernels)
        var counts = [Float](repeating: .nan, count: model.metrics.count)
        let metrics = try withShard(kernels) { shard, weights, prepared in
            try counts.withUnsafeMutableBufferPointer {
                try replica.evaluate(shard, weights: weights, prepared: prepared, counts: $0)
            }
        }
        return (metrics, counts)
    }

    func predict(_ kernels: KernelSet = Engine.best()) -> [Float] {
        Engine.enableFlushToZero()
        let replica = Replica(model: model, kernels: kernels)
        var result = [Float](repeating: .nan, count: labels.count * model.outputs)
        withShard(kernels) { shard, weights, prepared in
            result.withUnsafeMutableBufferPointer {
                replica.predict(
                    pixels: shard.pixels, count: shard.count, weights: weights, prepared: prepared,
                    into: $0)
            }
        }
        return result
    }

    /// Steps on the mean loss of the batch, moving averages included.
    ///
    /// - Returns: The mean loss before each step.
    @discardableResult
    mutating func descend(
        _ rule: UpdateRule, steps: Int, _ kernels: KernelSet = Engine.best()
    ) throws -> [Double] {
        var losses: [Double] = []
        let none = AlignedBuffer<Float>(count: 0)
        let slots = (0..<rule.slots).map { slot in
            let buffer = AlignedBuffer<Float>(count: weights.count)
            buffer.elements.update(repeating: rule.start(ofSlot: slot))
            return buffer
        }
        func slot(_ index: Int?) -> MutableFloats { (index.map { slots[$0] } ?? none).elements }
        defer { withExtendedLifetime((slots, none)) {} }
        let scratch = AlignedBuffer<Float>(count: weights.count)
        for step in 1...steps {
            var (metrics, gradient) = try train(kernels)
            let samples = labels.count, layout = model.parameters
            losses.append(metrics.lossSum / Double(samples))
            weights.withUnsafeMutableBufferPointer { weights in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    rule.apply(
                        kernels, .init(step, samples: samples),
                        OptimizerSlice(
                            gradient: Floats(gradient), weights: Floats(weights),
                            newWeights: weights, first: slot(rule.optimizer.slots > 0 ? 0 : nil),
                            second: slot(rule.optimizer.slots > 1 ? 1 : nil),
                            average: slot(rule.averageSlot)),
                        at: 0, of: layout, scratch: scratch.elements)
                }
            }
        }
        weights.withUnsafeMutableBufferPointer {
            rule.finish($0, average: Floats(slot(rule.averageSlot)), model.parameters)
        }
        return losses
    }

    private func withShard<Result>(
        _ kernels: KernelSet,
        _ body: (ShardInput, Floats, PreparedWeights) throws -> Result
    ) rethrows -> Result {
        let prepared = PreparedWeights(model: model, kernels: kernels)
        whitening.withUnsafeBufferPointer { prepared.prepareWhitening(from: $0) }
        return try weights.withUnsafeBufferPointer { weights in
            prepared.prepareAll(from: weights)
            return try pixels.withUnsafeBufferPointer { pixels in
                try labels.withUnsafeBufferPointer { labels in
                    var shard = ShardInput(
                        pixels: pixels, labels: labels, seed: seed, epoch: epoch,
                        firstPosition: firstPosition)
                    return try classWeights.withUnsafeBufferPointer { classWeights in
                        shard.classWeights = classWeights
                        return try partners.withUnsafeBufferPointer { partners in
                            shard.partners = partners
                            return try shares.withUnsafeBufferPointer { shares in
                                shard.shares = shares
                                return try targets.withUnsafeBufferPointer { targets in
                                    shard.targets = targets
                                    return try sampleWeights.withUnsafeBufferPointer {
                                        shard.sampleWeights = $0
                                        return try body(shard, weights, prepared)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

extension Model {
    /// Tensors by name, unpadded, of a flat buffer.
    func tensors(_ flat: [Float]) -> [String: [Float]] {
        let tensors = flat.withUnsafeBufferPointer { exportTensors($0) }
        return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.values) })
    }

    /// The flat buffer with its padding set to zero.
    func withoutPadding(_ flat: [Float]) throws -> [Float] {
        var result = flat
        try result.withUnsafeMutableBufferPointer { result in
            try importTensors(flat.withUnsafeBufferPointer { exportTensors($0) }, into: result)
        }
        return result
    }
}

/// Numbers from a seed, for tests.
struct Draw {
    private let random: Philox
    private var index: UInt64 = 0

    init(seed: UInt64) { random = Philox(seed: seed, purpose: .shapes, 0xFFFF) }

    mutating func float(in low: Float, _ high: Float) -> Float {
        defer { index += 1 }
        return low + (high - low) * random.words(index).x.unitFloat
    }
    mutating func int(in low: Int, _ high: Int) -> Int {
        defer { index += 1 }
        return low + Int(random.words(index).x) % (high - low + 1)
    }
    mutating func element<T>(_ choices: [T]) -> T { choices[int(in: 0, choices.count - 1)] }
}

/// The largest difference between two tensors, over the largest magnitude of the second.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let scale = expected.reduce(0) { max($0, abs($1)) }
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(scale, 1e-30)
}

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
