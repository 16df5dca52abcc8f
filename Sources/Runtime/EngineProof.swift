// SPDX-License-Identifier: Apache-2.0
//
// How a worker proves that it computes the same bits before it gets work.

import Datasets
import Digests
import Jobs
import Layers
import Tensors

/// A canned block through the job's own network, forward and backward, and canned image files through
/// decoding, resizing and augmentation; the digest of what comes out.
package enum EngineProof {
    package static func digest(job: Job, model: Model, kernels: KernelSet) -> Digest {
        var hash = SHA256()
        let size = model.input.count
        // One block that is not full, so that dead images are part of the proof.
        let count = max(1, model.blockSize - 3)
        let pixels = AlignedBuffer<UInt8>(count: count * size)
        let noise = Philox(seed: 1, purpose: .shapes)
        for index in pixels.elements.indices {
            pixels.base[index] = UInt8(
                truncatingIfNeeded: noise.words(UInt64(index / 4))[index % 4])
        }
        let labels = (0..<count).map { Int32($0 % max(model.outputs, 1)) }
        let weights = AlignedBuffer<Float>(count: model.parameters.count)
        let gradient = AlignedBuffer<Float>(count: model.parameters.count)
        let targets = AlignedBuffer<Float>(
            count: model.loss.readsNumbers ? count * model.outputs : 0)
        for index in targets.elements.indices { targets.base[index] = Float(index % 7) / 4 - 1 }
        model.initialize(weights.elements, seed: 1)
        defer { withExtendedLifetime((pixels, weights, gradient, targets)) {} }
        let prepared = PreparedWeights(model: model, kernels: kernels)
        let whitening = AlignedBuffer<Float>(count: model.whiteningCount)
        for index in whitening.elements.indices {
            let word = noise.words(UInt64(index / 4))[index % 4]
            whitening.base[index] = (2 * word.unitFloat - 1) / Float(size)
        }
        prepared.prepareWhitening(from: Floats(whitening.elements))
        let replica = Replica(model: model, kernels: kernels)
        labels.withUnsafeBufferPointer { labels in
            let shard = ShardInput(
                pixels: Bytes(pixels.elements), labels: labels, seed: 1, epoch: 0, firstPosition: 0,
                targets: Floats(targets.elements))
            do throws(LayerError) {
                let metrics = try replica.train(
                    shard, weights: Floats(weights.elements), prepared: prepared,
                    gradient: gradient.elements,
                    willUse: { prepared.prepare(stage: $0, from: Floats(weights.elements)) },
                    didFinish: { _ in })
                withUnsafeBytes(of: metrics.lossSum.bitPattern) { hash.update($0) }
            } catch {
                // An engine that makes NaN of this block differs from every one that does not.
                hash.update(text: error.description)
            }
        }
        hash.update(UnsafeRawBufferPointer(gradient.elements))
        // Of the small ones a JPEG may be scaled by a half and by a fourth.
        let sizes = [[model.input[0], model.input[1]], [6, 7], [3, 3]]
        for (file, size) in CannedImages.all.flatMap({ file in sizes.map { (file, $0) } }) {
            let shape = Shape(size + [model.input[2]])
            let image = AlignedBuffer<UInt8>(count: shape.count)
            let canned = SampleDecoder(
                configuration: job.dataset, imageShape: shape, encoding: .file, kernels: kernels)
            let scratch = AlignedBuffer<UInt8>(count: canned.scratchCount)
            file.withUnsafeBytes { bytes in
                do throws(DatasetError) {
                    try canned.decode(bytes, into: image.elements)
                    guard shape == model.input else { return }
                    canned.augment(
                        image.elements, seed: 1, epoch: 0, position: 1, scratch: scratch.elements)
                } catch { hash.update(text: error.description) }
            }
            withExtendedLifetime((image, scratch)) {
                hash.update(UnsafeRawBufferPointer(image.elements))
            }
        }
        return hash.finalize()
    }
}

extension SHA256 {
    fileprivate mutating func update(text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }
}
