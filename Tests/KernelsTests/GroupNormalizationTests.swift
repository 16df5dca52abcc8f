// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct GroupNormalizationTests {
    struct Case {
        let geometry: GroupGeometry
        let live: Int
        let hasGamma: Bool, hasBeta: Bool, adds: Bool

        /// Of any kind: layer normalisation of pixels, of flattened images, and groups of any width.
        init(seed: Int) {
            var noise = Noise(seed: seed)
            let groups = noise.pick([1, 1, 2, 3, 8]), width = noise.pick([1, 2, 5, 16, 17])
            let channels = groups * width, kind = noise.integer(0...2)
            geometry = GroupGeometry(
                sets: kind == 0 ? noise.integer(1...9) : 1,
                pixels: kind == 0 ? 1 : noise.integer(1...12), images: 8,
                stored: (channels + 15) / 16 * 16, channels: channels, groups: groups,
                hasPixelFactors: kind == 2 && groups == 1, epsilon: noise.pick([0.001, 0.1]))
            live = noise.pick([8, 8, 5, 1])
            (hasGamma, hasBeta) = (noise.integer(0...3) > 0, noise.integer(0...3) > 0)
            adds = noise.integer(0...2) == 0
        }
    }

    struct Result {
        let input: [Double], upstream: [Double], before: [Double]
        let gamma: [Double], beta: [Double]
        let output: AlignedBuffer<Float>, inputGradient: AlignedBuffer<Float>
        let gammaGradient: AlignedBuffer<Float>, betaGradient: AlignedBuffer<Float>
    }

    private static func run(_ kernels: KernelSet, seed: Int) -> Result {
        let trial = Case(seed: seed), g = trial.geometry
        var noise = Noise(seed: seed + 100)
        func zeroPadding(_ buffer: AlignedBuffer<Float>) -> AlignedBuffer<Float> {
            for i in 0..<buffer.count where i % g.stored >= g.channels { buffer.base[i] = 0 }
            return buffer
        }
        let x = zeroPadding(noise.buffer(g.count)), dy = zeroPadding(noise.buffer(g.count))
        let gamma = zeroPadding(noise.buffer(g.factorCount) { 1 + 0.3 * $0.unit() })
        let beta = zeroPadding(noise.buffer(g.factorCount))
        for i in 0..<g.count where i / g.stored % g.images >= trial.live { dy.base[i] = 0 }
        let result = noise.buffer(g.count), before = result.doubles
        let output = noise.buffer(g.count)
        let kept = AlignedBuffer([Float](repeating: .nan, count: g.keptCount))
        let scratch = AlignedBuffer([Float](repeating: .nan, count: g.scratchCount))
        let ofGamma = AlignedBuffer<Float>(count: g.factorCount)
        let ofBeta = AlignedBuffer<Float>(count: g.factorCount)
        let none = Floats(start: nil, count: 0), nothing = MutableFloats(start: nil, count: 0)
        let operands = GroupOperands(
            input: x.floats, gamma: trial.hasGamma ? gamma.floats : none,
            beta: trial.hasBeta ? beta.floats : none, kept: kept.elements,
            scratch: scratch.elements)
        kernels.groupNormalizeForward(g, live: trial.live, operands, into: output.elements)
        for i in 0..<scratch.count { scratch.base[i] = .nan }
        kernels.groupNormalizeBackward(
            g, live: trial.live, operands,
            GroupGradients(
                output: dy.floats, input: result.elements, addsToInput: trial.adds,
                gamma: trial.hasGamma ? ofGamma.elements : nothing,
                beta: trial.hasBeta ? ofBeta.elements : nothing))
        return Result(
            input: x.doubles, upstream: dy.doubles, before: before,
            gamma: trial.hasGamma ? gamma.doubles : gamma.doubles.map { _ in 1 },
            beta: trial.hasBeta ? beta.doubles : beta.doubles.map { _ in 0 }, output: output,
            inputGradient: result, gammaGradient: ofGamma, betaGradient: ofBeta)
    }

    /// Sums of up to 200 numbers, divided by a deviation of at least 0.03: of numbers up to 1 what rounding makes of
    /// a mean grows by 30 then.
    @Test(arguments: Engine.available, 0..<80)
    func equalsTheReference(_ kernels: KernelSet, seed: Int) {
        let trial = Case(seed: seed), found = Self.run(kernels, seed: seed)
        let reference = ReferenceGroupNormalization(
            trial.geometry, live: trial.live, input: found.input, gamma: found.gamma,
            beta: found.beta)
        #expect(largestDifference(found.output.doubles, reference.output) <= 128 * u)
        let gradients = reference.gradients(found.upstream)
        let expected =
            trial.adds
            ? zip(found.before, gradients.input).map { $0 + $1 } : gradients.input
        #expect(largestDifference(found.inputGradient.doubles, expected) <= 40 * 128 * u)
        if trial.hasGamma {
            #expect(largestDifference(found.gammaGradient.doubles, gradients.gamma) <= 512 * u)
        }
        if trial.hasBeta {
            #expect(largestDifference(found.betaGradient.doubles, gradients.beta) <= 128 * u)
        }
    }

    @Test(arguments: 0..<80)
    func bitsAreThoseOfEveryInstructionSet(seed: Int) {
        let results = Engine.available.map { kernels in
            let found = Self.run(kernels, seed: seed)
            return [found.output, found.inputGradient, found.gammaGradient, found.betaGradient]
                .map(\.bits)
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}

private func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
