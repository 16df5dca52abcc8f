// SPDX-License-Identifier: Apache-2.0
//
// Which layers' gradients travel as their factors. Coordinator and workers decide alike.

import Layers
import Tensors
import Wire

/// The layers of a model for which the factors of a whole batch are much less than the gradient. Of those
/// nothing but factors travels: between machines each worker gets those of all shards, makes the gradient of the
/// step, and steps the layer itself, as the coordinator does. Within a machine the coordinator alone does.
package struct FactorPlan {
    /// One of them: a stage of the model that is a bucket of its own.
    package struct Layer {
        let stage: Int
        let bucket: Int
        let chunks: Range<Int>
        package let gradient: FactoredGradient

        /// Where a part of a shard's factors lies in them.
        func floats(ofPart part: Int, samples: Int) -> Range<Int> {
            let count = gradient.count(samples: samples)
            let start = min(part, parts(samples: samples)) * ChunkPlan.maximumFloats
            return min(start, count)..<min(start + ChunkPlan.maximumFloats, count)
        }

        /// The messages that bring a shard's factors.
        func parts(samples: Int) -> Int {
            let count = gradient.count(samples: samples)
            return (count + ChunkPlan.maximumFloats - 1) / ChunkPlan.maximumFloats
        }
    }

    /// What is sent instead of it is at most this part of a gradient: a smaller saving is not worth it that
    /// everybody makes the gradients of all shards.
    private static let share = 3

    /// A bit of a number each.
    private static let mostParts = 64

    /// Shards of a whole batch.
    let shards: Int
    package let layers: [Layer]
    private let layerOfBucket: [Int?]

    /// - Parameter shards: Of a whole batch; 0 where gradients do not travel as factors.
    package init(_ model: Model, _ chunks: ChunkPlan, shards: Int) {
        self.shards = shards
        var layers: [Layer] = []
        for stage in 0..<(shards > 0 ? model.stageCount : 0) {
            guard let gradient = model.factoredGradient(ofStage: stage),
                let bucket = chunks.buckets.firstIndex(where: { $0.range == gradient.parameters }),
                // A step's loss travels with the front bucket.
                bucket > 0,
                gradient.count * shards <= gradient.parameters.count / Self.share,
                model.parameters.entries.allSatisfy({
                    !$0.range.overlaps(gradient.parameters) || $0.renewal == .trained
                }), chunks.chunksOfBucket[bucket].count <= WireLimits.renewedChunks
            else { continue }
            let layer = Layer(
                stage: stage, bucket: bucket, chunks: chunks.chunksOfBucket[bucket],
                gradient: gradient)
            if layer.parts(samples: gradient.mostSamples) <= Self.mostParts { layers.append(layer) }
        }
        self.layers = layers
        layerOfBucket = chunks.buckets.indices.map { bucket in
            layers.firstIndex { $0.bucket == bucket }
        }
    }

    /// - Returns: Nil for a bucket that travels as it is, or that there is not.
    func layer(ofBucket bucket: Int) -> Int? {
        layerOfBucket.indices.contains(bucket) ? layerOfBucket[bucket] : nil
    }

    /// The layer that a stage is.
    package func gradient(ofStage stage: Int) -> FactoredGradient? {
        layers.first { $0.stage == stage }?.gradient
    }
}
