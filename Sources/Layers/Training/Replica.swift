// SPDX-License-Identifier: Apache-2.0
//
// One compute thread's network: whole shards in, gradients and sums out.

import Tensors

/// The memory of one compute thread, and the loops that take a shard through the network.
///
/// Everything is allocated in `init`; `train`, `evaluate` and `predict` allocate nothing. Create it on
/// the thread that uses it: the memory then lies near that thread's core.
public final class Replica {
    let model: Model
    let kernels: KernelSet
    let memory: ReplicaMemory

    /// Through the network.
    public enum Pass: Sendable { case forward, backward }

    public convenience init(model: Model, kernels: KernelSet) {
        self.init(model: model, kernels: kernels, sharingMemory: true)
    }

    /// - Parameter sharingMemory: False is the reference of the memory plan's tests.
    package init(model: Model, kernels: KernelSet, sharingMemory: Bool) {
        self.model = model
        self.kernels = kernels
        memory = ReplicaMemory(model, sharing: sharingMemory)
    }

    /// Sums loss and gradient over a shard.
    ///
    /// - Parameters:
    ///   - weights: The flat buffer of all parameters.
    ///   - prepared: The same weights as the kernels want them; may still be in the making for stages
    ///     that `willUse` has not been called for.
    ///   - gradient: Overwritten with the sum over the shard's samples; a twin of `weights`.
    ///   - adding: Whether to add to what stands in `gradient` instead of overwriting it: then the order in
    ///     which shards come decides about its bits.
    ///   - willUse: Called once for each stage with weights, before they are used for the first time;
    ///     front stages first. It may wait for them, and throw `interrupted` to give the shard up.
    ///   - factored: Stages whose part of `gradient` is to begin with the factors of their gradient instead
    ///     (`Model.factoredGradient`); what follows those is undefined.
    ///   - begins: Called for each block as its images go forward, and as their gradients go backward.
    ///   - didFinish: Called once for each stage with weights when its part of `gradient` is final; last
    ///     stages first.
    /// - Throws: `notFinite`, naming the layer, if a loss or gradient is NaN or infinite; `gradient` is
    ///   undefined then.
    public func train(
        _ shard: ShardInput, weights: Floats, prepared: PreparedWeights, gradient: MutableFloats,
        adding: Bool = false, willUse: (Int) throws(LayerError) -> Void = { _ in },
        factored: (Int) -> FactoredGradient? = { _ in nil },
        begins: (Pass) -> Void = { _ in },
        didFinish: (Int) -> Void = { _ in }
    ) throws(LayerError) -> ShardMetrics {
        precondition(
            shard.targets.count == (model.loss.readsNumbers ? shard.count * model.outputs : 0),
            "Replica: \(shard.targets.count) targets for \(shard.count) images and \(model.loss)")
        precondition(
            shard.count <= model.blocksPerShard * model.blockSize,
            "Replica: a shard of \(shard.count) images, more than \(model.blocksPerShard) blocks")
        if !adding {
            for range in model.addedRanges { gradient.slice(range).update(repeating: 0) }
            // Without a block nobody finishes the other ranges.
            if shard.count == 0 { gradient.update(repeating: 0) }
        }
        var metrics = ShardMetrics()
        var block = block(of: shard, weights, gradient, isTraining: true, adding: adding)
        for start in stride(from: 0, to: shard.count, by: model.blockSize) {
            let isFirst = start == 0
            let isLast = start + model.blockSize >= shard.count
            begins(.forward)
            load(
                &block, shard.pixels, from: start, of: shard.count, into: memory.training, prepared)
            try forward(&block, model.training, memory.training, prepared) {
                stage throws(LayerError) in
                if isFirst { try willUse(stage) }
            }
            try addLoss(block, memory.training, shard, from: start, to: &metrics)
            begins(.backward)
            try backward(
                &block, prepared, isLast: isLast, factored: factored, didFinish: didFinish)
        }
        return metrics
    }

    /// Sums loss and correct predictions over a shard; layers work as in prediction.
    ///
    /// - Parameter counts: Overwritten with those of the model's metrics; empty if nobody wants them.
    public func evaluate(
        _ shard: ShardInput, weights: Floats, prepared: PreparedWeights,
        counts: MutableFloats = .init(start: nil, count: 0),
        willUse: (Int) throws(LayerError) -> Void = { _ in }
    ) throws(LayerError) -> ShardMetrics {
        precondition(
            counts.isEmpty || counts.count == model.metrics.count,
            "Replica: \(counts.count) counts for metrics that have \(model.metrics.count)")
        counts.update(repeating: 0)
        var metrics = ShardMetrics()
        var block = block(of: shard, weights)
        for start in stride(from: 0, to: shard.count, by: model.blockSize) {
            let isFirst = start == 0
            load(
                &block, shard.pixels, from: start, of: shard.count, into: memory.evaluation,
                prepared)
            try forward(&block, model.evaluation, memory.evaluation, prepared) {
                stage throws(LayerError) in
                if isFirst { try willUse(stage) }
            }
            if !counts.isEmpty { count(block, memory.evaluation, shard, from: start, to: counts) }
            try addLoss(block, memory.evaluation, shard, from: start, to: &metrics)
        }
        return metrics
    }

    /// Writes the probabilities of `count` images, or what a regression makes of them: `model.outputs` floats
    /// for each.
    ///
    /// - Parameter pixels: `[count][H][W][C]`, uint8.
    public func predict(
        pixels: Bytes, count: Int, weights: Floats, prepared: PreparedWeights,
        into probabilities: MutableFloats
    ) {
        let outputs = model.outputs
        precondition(
            probabilities.count == count * outputs,
            "Replica: \(probabilities.count) floats for \(count) predictions of \(outputs)")
        let shard = ShardInput(pixels: pixels, labels: .init(start: nil, count: 0))
        var block = block(of: shard, weights)
        let rows = logitRows, logits = memory.evaluation.logits
        for start in stride(from: 0, to: count, by: model.blockSize) {
            load(&block, pixels, from: start, of: count, into: memory.evaluation, prepared)
            forward(&block, model.evaluation, memory.evaluation, prepared) { _ in }
            if let activation = model.loss.activation {
                kernels.activationForward(activation, rows, logits)
            }
            for row in 0..<block.live {
                for output in 0..<outputs {
                    probabilities[(start + row) * outputs + output] =
                        logits[row * rows.stored + output]
                }
            }
        }
    }
}

// The passes over one block.
extension Replica {
    /// The block as all of a shard's share it.
    private func block(
        of shard: ShardInput, _ weights: Floats,
        _ gradient: MutableFloats = .init(start: nil, count: 0), isTraining: Bool = false,
        adding: Bool = false
    ) -> Block {
        model.expectFlat(weights.count)
        if isTraining { model.expectFlat(gradient.count) }
        return Block(
            kernels: kernels, weights: weights, gradient: gradient, isTraining: isTraining,
            addsToGradient: adding, seed: shard.seed, epoch: shard.epoch,
            shardPosition: shard.firstPosition)
    }

    /// Unpacks the next images of `count`; a block that they do not fill ends in images of zeros.
    private func load(
        _ block: inout Block, _ pixels: Bytes, from start: Int, of count: Int,
        into memory: NetworkMemory, _ prepared: PreparedWeights
    ) {
        let size = model.input.count
        precondition(
            pixels.count == count * size,
            "Replica: \(pixels.count) bytes for \(count) images of \(model.input)")
        block.live = min(model.blockSize, count - start)
        block.firstPosition = block.shardPosition + start
        block.number = start / model.blockSize
        let images = pixels.slice(start * size..<(start + block.live) * size)
        let layout = PixelBlock(
            images: model.blockSize, liveImages: block.live, height: model.input[0],
            width: model.input[1], channels: model.input[2], storedChannels: model.inputStored,
            hasImageTables: model.standardization.isPerImage,
            hasChannelTables: model.standardization.isPerChannel)
        let tables = self.memory.tables(layout, images, of: model)
        guard let whitening = self.memory.whitening else {
            return kernels.packPixels(layout, images, tables: tables, into: memory.pixels)
        }
        whitening.run(
            layout, images, tables: tables, weights: prepared.whiteningFloats, kernels: kernels,
            scale: model.pixelScale, offset: model.pixelOffset, into: memory.pixels)
    }

    private func forward<Failure>(
        _ block: inout Block, _ network: Network, _ memory: NetworkMemory,
        _ prepared: PreparedWeights, willUse: (Int) throws(Failure) -> Void
    ) throws(Failure) {
        for index in network.stages.indices {
            let sources = network.sources[index]
            for source in sources where !model.stages[source].parameterRange.isEmpty {
                try willUse(source)
            }
            block.prepared = prepared.floats(stage: sources.lowerBound)
            network.stages[index].forward(block, memory.stages[index])
        }
    }

    private func backward(
        _ block: inout Block, _ prepared: PreparedWeights, isLast: Bool,
        factored: (Int) -> FactoredGradient?, didFinish: (Int) -> Void
    ) throws(LayerError) {
        let network = model.training, memory = memory.training
        for index in network.stages.indices.reversed() {
            let stage = network.stages[index], isAsked = network.wantsGradient[index + 1]
            if isAsked {
                block.prepared = prepared.floats(stage: index)
                stage.backward(block, memory.stages[index])
                if !memory.gradientSums[index].isEmpty {
                    kernels.add(
                        UnsafeRawBufferPointer(memory.stages[index].outputGradient),
                        to: memory.gradientSums[index])
                }
            }
            guard isLast, !stage.parameterRange.isEmpty else { continue }
            var gradient = block.gradient.slice(stage.parameterRange)
            if let factors = factored(index) {
                gradient = factors.write(
                    memory.stages[index].accumulator, blocks: block.number + 1,
                    over: block.gradient)
            } else if isAsked {
                stage.finish(block, memory.stages[index])
            } else if !block.addsToGradient {
                // Before all that is trained: nobody has computed a gradient.
                block.gradient.slice(stage.finishedRange).update(repeating: 0)
            }
            guard kernels.isFinite(UnsafeRawBufferPointer(gradient)) else {
                throw LayerError(
                    code: .notFinite, layer: model.name(ofStage: index),
                    detail: "the gradient is not finite;" + Self.divergence)
            }
            didFinish(index)
        }
    }

    var logitRows: Rows {
        Rows(
            count: model.blockSize,
            stored: memory.training.logits.count / model.blockSize,
            live: model.outputs)
    }

    static let divergence =
        " training diverges: lower the learning rate, or check the images and the scale of Rescaling"
}
