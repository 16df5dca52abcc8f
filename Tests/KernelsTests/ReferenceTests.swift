// SPDX-License-Identifier: Apache-2.0

import KernelReference
import Tensors
import Testing

/// The oracle itself, by finite differences: what it calls a gradient is the slope of its output.
@Suite struct ReferenceTests {
    @Test(arguments: [
        ConvGeometry.keras(4, 5, 2, to: 16, kernel: (3, 2), stride: (2, 1), same: true, images: 2),
        ConvGeometry.keras(6, 5, 1, to: 16, images: 2, pooled: true, .narrow),
    ])
    func gradientsAreSlopes(_ g: ConvGeometry) {
        var noise = Noise(seed: 7)
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double(noise.unit()) } }
        let input = numbers(g.inputCount), weights = numbers(g.weightCount)
        let bias = numbers(g.outputChannels), upstream = numbers(g.outputCount)
        func loss(_ input: [Double], _ weights: [Double], _ bias: [Double]) -> Double {
            let output = ReferenceConvolution(g, input: input, weights: weights, bias: bias).output
            return zip(output, upstream).map(*).reduce(0, +)
        }
        let reference = ReferenceConvolution(g, input: input, weights: weights, bias: bias)
        let gradients = reference.gradients(reference.sumGradient(upstream))
        // Piecewise linear: the slope is exact where a step of 1e-6 crosses no kink.
        func slope(_ values: [Double], _ i: Int, _ loss: ([Double]) -> Double) -> Double {
            var up = values, down = values
            up[i] += 1e-6
            down[i] -= 1e-6
            return (loss(up) - loss(down)) / 2e-6
        }
        for i in stride(from: 0, to: input.count, by: 3) {
            #expect(abs(slope(input, i) { loss($0, weights, bias) } - gradients.input[i]) < 1e-6)
        }
        for i in stride(from: 0, to: weights.count, by: 5) {
            #expect(abs(slope(weights, i) { loss(input, $0, bias) } - gradients.weights[i]) < 1e-6)
        }
        for i in bias.indices {
            #expect(abs(slope(bias, i) { loss(input, weights, $0) } - gradients.bias[i]) < 1e-6)
        }
    }
}
