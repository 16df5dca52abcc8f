// SPDX-License-Identifier: Apache-2.0
//
// Layers that compute element by element, and normalisations.

import KernelReference
import Tensors

extension ElementTrial {
    private static var images: Int { SweptElements.images }

    static func activation(
        _ activation: ElementActivation, _ side: Int, _ channels: Int
    ) -> ElementTrial {
        let rows = Rows(count: side * side * images, stored: channels, live: channels)
        let input = noise(rows.floatCount, 1, scale: 8), gradient = noise(rows.floatCount, 2)
        let values = noise(rows.floatCount, 1, scale: 8), upstream = gradient.doubles
        return ElementTrial(
            forward: Pass(floats: 2 * rows.floatCount) {
                $0.activationForward(activation, rows, values.elements)
            },
            backward: Pass(floats: 3 * rows.floatCount) {
                $0.activationBackward(
                    activation, rows,
                    values: activation.rereadsInput ? input.floats : values.floats,
                    gradient.elements)
            }, results: [values, gradient]
        ) {
            [
                activation.forward(rows, input.doubles),
                activation.backward(rows, input: input.doubles, upstream),
            ]
        }
    }

    static func batchNormalization(_ side: Int, _ channels: Int) -> ElementTrial {
        let g = NormalizationGeometry(
            pixels: side * side, images: images, channels: channels, epsilon: 1e-3,
            activation: .relu)
        let input = noise(g.count, 1), gradient = noise(g.count, 2)
        let gamma = noise(channels, 3), beta = noise(channels, 4)
        let none = Floats(start: nil, count: 0)
        let output = zeros(g.count), inputGradient = zeros(g.count), sums = zeros(4 * channels)
        let kept = zeros(g.keptCount)
        func operands() -> NormalizationOperands {
            NormalizationOperands(
                input: input.floats, addend: none, gamma: gamma.floats, beta: beta.floats,
                kept: kept.elements)
        }
        return ElementTrial(
            forward: Pass(floats: 2 * g.count) {
                $0.normalizeForward(
                    g, live: images, operands(),
                    NormalizationSums(
                        mean: sums[0..<channels], variance: sums[channels..<2 * channels]),
                    into: output.elements)
            },
            backward: Pass(floats: 3 * g.count) {
                $0.normalizeBackward(
                    g, live: images, operands(),
                    NormalizationGradients(
                        output: none, outputGradient: gradient.elements,
                        inputGradient: inputGradient.elements, addsToInput: false,
                        gamma: sums[2 * channels..<3 * channels],
                        beta: sums[3 * channels..<4 * channels]))
            }, results: [output, inputGradient]
        ) {
            let reference = ReferenceNormalization(
                g, live: images, input: input.doubles,
                addend: [Double](repeating: 0, count: g.count), gamma: gamma.doubles,
                beta: beta.doubles)
            let passed = zip(gradient.doubles, output.elements).map { $1 > 0 ? $0 : 0 }
            return [reference.output, reference.gradients(passed).input]
        }
    }

    /// - Parameter isLayer: Over the channels of a pixel, not the pixels of 32 channels.
    static func groupNormalization(
        _ side: Int, _ channels: Int, isLayer: Bool
    ) -> ElementTrial {
        let pixels = side * side
        let g = GroupGeometry(
            sets: isLayer ? pixels : 1, pixels: isLayer ? 1 : pixels, images: images,
            stored: channels, channels: channels, groups: isLayer ? 1 : channels / 32,
            epsilon: 1e-3)
        let input = noise(g.count, 1), gradient = noise(g.count, 2)
        let gamma = noise(channels, 3), beta = noise(channels, 4)
        let output = zeros(g.count), inputGradient = zeros(g.count), sums = zeros(2 * channels)
        let kept = zeros(g.keptCount), scratch = zeros(g.scratchCount)
        func operands() -> GroupOperands {
            GroupOperands(
                input: input.floats, gamma: gamma.floats, beta: beta.floats, kept: kept.elements,
                scratch: scratch.elements)
        }
        return ElementTrial(
            forward: Pass(floats: 2 * g.count) {
                $0.groupNormalizeForward(g, live: images, operands(), into: output.elements)
            },
            backward: Pass(floats: 3 * g.count) {
                $0.groupNormalizeBackward(
                    g, live: images, operands(),
                    GroupGradients(
                        output: gradient.floats, input: inputGradient.elements, addsToInput: false,
                        gamma: sums[0..<channels], beta: sums[channels..<2 * channels]))
            }, results: [output, inputGradient]
        ) {
            let reference = ReferenceGroupNormalization(
                g, live: images, input: input.doubles, gamma: gamma.doubles, beta: beta.doubles)
            return [reference.output, reference.gradients(gradient.doubles).input]
        }
    }

    /// All pixels of an image by one factor a channel, and the factors' gradient.
    static func product(_ side: Int, _ channels: Int) -> ElementTrial {
        let period = images * channels, count = side * side * period
        let input = noise(count, 1), values = noise(count, 1), gradient = noise(count, 2)
        let factors = noise(period, 3), sums = zeros(period)
        return ElementTrial(
            forward: Pass(floats: 2 * count) { $0.multiply(values.elements, by: factors.floats) },
            backward: Pass(floats: 2 * count) {
                $0.sumProducts(input.floats, gradient.floats, adding: false, into: sums.elements)
            }, results: [values, sums]
        ) {
            var expected = [Double](repeating: 0, count: period)
            for i in 0..<count {
                expected[i % period] += Double(input.base[i]) * Double(gradient.base[i])
            }
            return [
                (0..<count).map { Double(input.base[$0]) * Double(factors.base[$0 % period]) },
                expected,
            ]
        }
    }
}
