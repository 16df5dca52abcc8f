// SPDX-License-Identifier: Apache-2.0
//
// Normalisation of each image by itself, by its definition.

import Tensors

/// One normalisation over one block; see `GroupGeometry`. Absent factors are ones, absent terms zeros.
public struct ReferenceGroupNormalization {
    private let g: GroupGeometry
    private let live: Int
    private let x: [Double], gamma: [Double], beta: [Double]

    public init(
        _ geometry: GroupGeometry, live: Int, input: [Double], gamma: [Double], beta: [Double]
    ) {
        g = geometry
        self.live = live
        x = input
        self.gamma = gamma
        self.beta = beta
    }

    public var output: [Double] {
        var output = [Double](repeating: 0, count: g.count)
        for members in groups {
            let (normal, _) = normalized(members)
            for (i, value) in zip(members, normal) {
                output[i] = gamma[factor(i)] * value + beta[factor(i)]
            }
        }
        return output
    }

    public func gradients(
        _ upstream: [Double]
    ) -> (input: [Double], gamma: [Double], beta: [Double]) {
        var input = [Double](repeating: 0, count: g.count)
        var ofGamma = [Double](repeating: 0, count: g.factorCount), ofBeta = ofGamma
        for members in groups {
            let (normal, deviation) = normalized(members), count = Double(members.count)
            let passed = members.map { upstream[$0] * gamma[factor($0)] }
            let mean = passed.reduce(0, +) / count
            let along = zip(passed, normal).reduce(0) { $0 + $1.0 * $1.1 } / count
            for (place, i) in members.enumerated() {
                ofGamma[factor(i)] += upstream[i] * normal[place]
                ofBeta[factor(i)] += upstream[i]
                input[i] = (passed[place] - mean - normal[place] * along) / deviation
            }
        }
        return (input, ofGamma, ofBeta)
    }

    private func normalized(_ members: [Int]) -> (values: [Double], deviation: Double) {
        let count = Double(members.count), mean = members.reduce(0) { $0 + x[$1] } / count
        let variance = members.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / count
        let deviation = (variance + Double(g.epsilon)).squareRoot()
        return (members.map { (x[$0] - mean) / deviation }, deviation)
    }

    /// The place of an element's factor.
    private func factor(_ i: Int) -> Int {
        let pixel = i / g.stored / g.images % g.pixels
        return (g.hasPixelFactors ? pixel * g.stored : 0) + i % g.stored
    }

    /// The live elements of each group of each image of each set.
    private var groups: [[Int]] {
        let width = g.channels / g.groups
        return (0..<g.sets * live * g.groups).map { number in
            let (set, image) = (number / g.groups / live, number / g.groups % live)
            return (0..<g.pixels * width).map { member in
                let pixel = set * g.pixels + member / width
                let channel = number % g.groups * width + member % width
                return (pixel * g.images + image) * g.stored + channel
            }
        }
    }
}
