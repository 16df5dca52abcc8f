// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation by its definition, channel by channel.

import Tensors

/// One normalisation of a block, in the layout of the kernels. Gradients come from the chain rule through
/// mean and variance, not from the formula that the kernels use.
public struct ReferenceNormalization {
    public let geometry: NormalizationGeometry
    public let live: Int
    public var input: [Double], addend: [Double], gamma: [Double], beta: [Double]

    /// - Parameters:
    ///   - addend: Zeros where there is none.
    public init(
        _ geometry: NormalizationGeometry, live: Int, input: [Double], addend: [Double],
        gamma: [Double], beta: [Double]
    ) {
        self.geometry = geometry
        self.live = live
        self.input = input
        self.addend = addend
        self.gamma = gamma
        self.beta = beta
    }

    /// Of each channel of each group.
    public var mean: [Double] { channels.map { mean(of: $0.map { input[$0] }) } }
    public var variance: [Double] {
        channels.map { places in
            let center = mean(of: places.map { input[$0] })
            return mean(of: places.map { (input[$0] - center) * (input[$0] - center) })
        }
    }

    public var output: [Double] {
        var output = [Double](repeating: 0, count: geometry.count)
        let mean = mean, variance = variance
        for (c, places) in channels.enumerated() {
            let deviation = (variance[c] + Double(geometry.epsilon)).squareRoot()
            for i in places {
                let y = gamma[c] * (input[i] - mean[c]) / deviation + beta[c] + addend[i]
                output[i] = geometry.activation.value(at: y)
            }
        }
        return output
    }

    /// From the gradient of the output, which ReLU has let through where it is not zero.
    public func gradients(
        _ passed: [Double]
    ) -> (input: [Double], gamma: [Double], beta: [Double]) {
        var input = [Double](repeating: 0, count: geometry.count)
        var gamma = [Double](repeating: 0, count: geometry.statisticsCount), beta = gamma
        for (c, places) in channels.enumerated() {
            let count = Double(places.count), center = mean(of: places.map { self.input[$0] })
            let offsets = places.map { self.input[$0] - center }
            let variance = mean(of: offsets.map { $0 * $0 }) + Double(geometry.epsilon)
            let deviation = variance.squareRoot()
            for (i, offset) in zip(places, offsets) {
                gamma[c] += passed[i] * offset / deviation
                beta[c] += passed[i]
            }
            // By way of the variance, then of the mean, then straight.
            let ofVariance =
                zip(places, offsets).reduce(0) { $0 + passed[$1.0] * self.gamma[c] * $1.1 }
                * -0.5 / (variance * deviation)
            let ofMean =
                -places.reduce(0) { $0 + passed[$1] * self.gamma[c] } / deviation
                - ofVariance * 2 * offsets.reduce(0, +) / count
            for (i, offset) in zip(places, offsets) {
                input[i] =
                    passed[i] * self.gamma[c] / deviation + ofVariance * 2 * offset / count
                    + ofMean / count
            }
        }
        return (input, gamma, beta)
    }

    private func mean(of values: [Double]) -> Double {
        values.reduce(0, +) / Double(values.count)
    }

    /// The places of each channel's live values.
    private var channels: [[Int]] {
        let g = geometry
        return (0..<g.statisticsCount).map { statistic in
            let group = statistic / g.channels, channel = statistic % g.channels
            return (0..<g.pixels).flatMap { pixel in
                (0..<live).map { image in
                    ((group * g.pixels + pixel) * g.images + image) * g.channels + channel
                }
            }
        }
    }
}
