// SPDX-License-Identifier: Apache-2.0
//
// Predictions in one process, as 'convoy predict' computes them, without reading images.

import Layers
import Tensors

/// A model that predicts the classes of one batch of made-up images, over and over.
///
/// Weights are prepared once, normalisations are folded; each thread takes whole blocks of images, and a
/// batch is done before the next one begins.
final class PredictionLoop: @unchecked Sendable {
    // Between two meetings of the crew each thread writes to what is its own: a replica, and the
    // probabilities of its images.
    private let model: Model
    private let crew: Crew
    private let batch: Int

    private let replicas: [Replica]
    private let prepared: PreparedWeights
    private let weights: AlignedBuffer<Float>
    private let images: MadeUpImages
    private let probabilities: AlignedBuffer<Float>

    init(_ peer: PeerModel, model: Model, kernels: KernelSet, crew: Crew, batch: Int) {
        self.model = model
        self.crew = crew
        self.batch = batch
        replicas = (0..<crew.count).map { _ in Replica(model: model, kernels: kernels) }
        prepared = PreparedWeights(model: model, kernels: kernels)
        weights = AlignedBuffer(count: model.parameters.count)
        images = MadeUpImages(batch, of: peer)
        probabilities = AlignedBuffer(count: batch * model.outputs)
        model.initialize(weights.elements, seed: 1)
        prepared.prepareAll(from: Floats(weights.elements))
    }

    /// Predicts the batch `steps` times; returns images a second.
    func predict(steps: Int) -> Double {
        let time = seconds {
            crew.perform { [self] thread in
                let rows = rows(of: thread)
                for _ in 0..<steps {
                    predict(rows, with: replicas[thread])
                    crew.meet()
                }
            }
        }
        return Double(steps * batch) / time
    }

    /// What the probabilities of an image should not be: beyond 0 to 1, or of a sum other than 1.
    ///
    /// - Throws: `WrongKernel`.
    func check() throws {
        probabilities.elements.update(repeating: .nan)
        _ = predict(steps: 1)
        for image in 0..<batch {
            let values = probabilities[image * model.outputs..<(image + 1) * model.outputs]
            let sum = values.reduce(0, +)
            let isOne = model.outputs == 1 || abs(sum - 1) < 1e-5
            guard isOne, values.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
                throw WrongKernel(
                    description: "the probabilities of image \(image) are \(Array(values)), "
                        + "expected numbers of 0 to 1 that add up to 1; this build must not predict"
                )
            }
        }
    }

    private func predict(_ rows: Range<Int>, with replica: Replica) {
        guard !rows.isEmpty else { return }
        let outputs = model.outputs
        replica.predict(
            pixels: images.pixels(rows), count: rows.count, weights: Floats(weights.elements),
            prepared: prepared,
            into: probabilities[rows.lowerBound * outputs..<rows.upperBound * outputs])
    }

    /// A thread's images: whole blocks.
    private func rows(of thread: Int) -> Range<Int> {
        let size = model.blockSize, blocks = (batch + size - 1) / size
        return min(
            batch, blocks * thread / crew.count * size)..<min(
                batch, blocks * (thread + 1) / crew.count * size)
    }
}
