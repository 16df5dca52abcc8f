// SPDX-License-Identifier: Apache-2.0
//
// Stages and how they are connected: once for training, once for evaluation.

import Tensors

/// The stages of a network in the order in which they run, and what each reads.
struct Network: Sendable {
    var stages: [any Stage] = []
    /// For each stage the values that it reads, one or more; value 0 are the images, value `i + 1` is what
    /// stage `i` writes.
    var inputs: [[Int]] = []
    /// For each value whether a backward pass asks for its gradient.
    var wantsGradient: [Bool] = [false]
    /// For each stage those of the training network that it computes.
    var sources: [Range<Int>] = []

    init(_ lowering: Lowering) {
        stages = lowering.stages
        inputs = lowering.inputs
        wantsGradient = lowering.wantsGradient
        sources = stages.indices.map { $0..<$0 + 1 }
    }

    private init() {}

    /// The same without a backward pass: there a normalisation stands still, and becomes part of the
    /// convolution that it follows.
    var folded: Network {
        var folded = Network()
        // Where each value of this network is found in the new one.
        var places = [0], index = 0
        while index < stages.count {
            let pair = foldedStage(index), last = pair == nil ? index : index + 1
            let read = pair == nil ? inputs[index] : inputs[index] + inputs[last].dropFirst()
            folded.stages.append(pair ?? stages[index].withoutBackward)
            folded.inputs.append(read.map { places[$0] })
            folded.sources.append(index..<last + 1)
            folded.wantsGradient.append(false)
            // The convolution's own output is read by nobody else: its place is never asked for.
            places += (index...last).map { _ in folded.stages.count }
            index = last + 1
        }
        return folded
    }

    /// A stage and the next as one, if they are a convolution and its normalisation.
    private func foldedStage(_ index: Int) -> FoldedStage? {
        guard let convolution = stages[index] as? ConvolutionStage, index + 1 < stages.count,
            let normalization = stages[index + 1] as? NormalizationStage,
            inputs[index + 1][0] == index + 1, normalization.geometry.groups == 1,
            inputs.joined().count(where: { $0 == index + 1 }) == 1,
            convolution.geometry.activation == .linear, !convolution.geometry.pooled
        else { return nil }
        return FoldedStage(convolution, normalization)
    }
}
