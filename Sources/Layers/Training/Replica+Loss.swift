// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a block's logits: a loss and its gradient, and the counts of metrics.

import Tensors

extension Replica {
    /// Turns logits into their gradient, and adds the images' losses in order.
    func addLoss(
        _ block: Block, _ memory: NetworkMemory, _ shard: ShardInput, from start: Int,
        to metrics: inout ShardMetrics
    ) throws(LayerError) {
        let rows = lossRows(block, shard, from: start)
        if memory.logits.baseAddress != memory.logitsGradient.baseAddress {
            _ = memory.logitsGradient.update(fromContentsOf: memory.logits)
        }
        let losses = self.memory.losses, correct = self.memory.correct
        model.loss(kernels, rows, memory.logitsGradient, losses: losses, correct: correct)
        let classWeights = block.isTraining ? shard.classWeights : Floats(start: nil, count: 0)
        let sampleWeights = shard.sampleWeights.slice(
            shard.sampleWeights.isEmpty ? 0..<0 : start..<start + block.live)
        if !classWeights.isEmpty || !sampleWeights.isEmpty {
            weigh(rows, by: classWeights, sampleWeights, losses, memory.logitsGradient)
        }
        for row in 0..<block.live {
            metrics.lossSum += Double(losses[row])
            metrics.correct += Int(correct[row])
        }
        metrics.samples += block.live
        guard metrics.lossSum.isFinite else {
            throw LayerError(
                code: .notFinite, layer: model.names[model.names.count - 1],
                detail: "the loss is \(metrics.lossSum);" + Self.divergence)
        }
    }

    /// Adds a block's predictions to the counts of the metrics; the logits stay.
    func count(
        _ block: Block, _ memory: NetworkMemory, _ shard: ShardInput, from start: Int,
        to counts: MutableFloats
    ) {
        let rows = logitRows, probabilities = self.memory.probabilities
        let truth = lossRows(block, shard, from: start)
        _ = probabilities.update(fromContentsOf: memory.logits)
        if let activation = model.loss.activation {
            kernels.activationForward(activation, rows, probabilities)
        }
        for row in 0..<block.live {
            let outputs = row * rows.stored..<row * rows.stored + rows.live
            model.metrics.add(
                Prediction(
                    logits: Floats(memory.logits.slice(outputs)),
                    probabilities: Floats(probabilities.slice(outputs)),
                    label: Int(truth.label(ofRow: row))),
                to: counts)
        }
    }

    /// What a block's images should be.
    private func lossRows(_ block: Block, _ shard: ShardInput, from start: Int) -> LossRows {
        let images = start..<start + block.live, none = 0..<0
        let isMixed = block.isTraining && !shard.shares.isEmpty
        return LossRows(
            images: model.blockSize, stored: logitRows.stored, classes: model.outputs,
            labels: shard.labels.slice(images),
            partners: shard.partners.slice(isMixed ? images : none),
            shares: shard.shares.slice(isMixed ? images : none),
            targets: shard.targets.slice(
                model.loss.readsNumbers
                    ? images.lowerBound * model.outputs..<images.upperBound * model.outputs : none))
    }

    /// Multiplies the loss of each live row and its gradient by what its label counts, of a mixture the one
    /// that counts most, and by what the image itself counts: as in Keras.
    private func weigh(
        _ rows: LossRows, by classWeights: Floats, _ sampleWeights: Floats,
        _ losses: MutableFloats, _ gradient: MutableFloats
    ) {
        for row in rows.labels.indices {
            var weight: Float = 1
            if !classWeights.isEmpty { weight = classWeights[Int(rows.label(ofRow: row))] }
            if !sampleWeights.isEmpty { weight *= sampleWeights[row] }
            losses[row] *= weight
            kernels.affine(
                scale: weight, offset: 0, Rows(count: 1, stored: rows.stored, live: rows.classes),
                gradient.slice(row * rows.stored..<(row + 1) * rows.stored))
        }
    }
}
