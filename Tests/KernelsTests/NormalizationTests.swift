// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

extension NormalizationGeometry: CustomTestStringConvertible {
    public var testDescription: String {
        "\(groups)x\(pixels)x\(images)x\(channels) \(activation)\(hasAddend ? " added" : "")"
    }

    static func random(seed: Int) -> NormalizationGeometry {
        var noise = Noise(seed: seed)
        let isFlat = noise.integer(0...4) == 0
        return NormalizationGeometry(
            groups: isFlat ? noise.integer(1...4) : 1, pixels: isFlat ? 1 : noise.integer(1...9),
            images: 8 * noise.integer(1...2), channels: 16 * noise.integer(1...5), epsilon: 1e-3,
            activation: noise.pick([.linear, .relu, .rectified(ceiling: 0.75)]),
            hasAddend: noise.integer(0...1) == 0)
    }
}

/// The operands of a normalisation, and after `run` its results.
private final class NormalizationTrial {
    let geometry: NormalizationGeometry
    let live: Int, addsToInput: Bool
    let input, addend, gamma, beta, gradient, inputGradient: AlignedBuffer<Float>
    let output, kept, mean, variance, gammaGradient, betaGradient: AlignedBuffer<Float>

    init(seed: Int, activation: ConvGeometry.Activation? = nil) {
        var geometry = NormalizationGeometry.random(seed: seed)
        geometry.activation = activation ?? geometry.activation
        self.geometry = geometry
        var noise = Noise(seed: seed + 1000)
        live = noise.integer(1...geometry.images)
        addsToInput = geometry.hasAddend && noise.integer(0...1) == 0
        // Far from zero, so that a careless variance would cancel.
        input = noise.buffer(geometry.count) { $0.unit() + 3 }
        addend = noise.buffer(geometry.hasAddend ? geometry.count : 0)
        gamma = noise.buffer(geometry.statisticsCount)
        beta = noise.buffer(geometry.statisticsCount)
        gradient = noise.buffer(geometry.count)
        let (images, channels, live) = (geometry.images, geometry.channels, live)
        for i in 0..<geometry.count where i / channels % images >= live { gradient.base[i] = 0 }
        inputGradient = noise.buffer(geometry.count)
        output = noise.buffer(geometry.count)
        kept = AlignedBuffer(count: geometry.keptCount)
        mean = noise.buffer(geometry.statisticsCount)
        variance = noise.buffer(geometry.statisticsCount)
        gammaGradient = noise.buffer(geometry.statisticsCount)
        betaGradient = noise.buffer(geometry.statisticsCount)
    }

    /// - Parameter between: What is done after the forward pass.
    func run(_ kernels: KernelSet, between: () -> Void = {}) {
        let operands = NormalizationOperands(
            input: input.floats, addend: addend.floats, gamma: gamma.floats, beta: beta.floats,
            kept: kept.elements)
        kernels.normalizeForward(
            geometry, live: live, operands,
            NormalizationSums(mean: mean.elements, variance: variance.elements),
            into: output.elements)
        between()
        kernels.normalizeBackward(
            geometry, live: live, operands,
            NormalizationGradients(
                output: geometry.rereadsOutput ? output.floats : Floats(start: nil, count: 0),
                outputGradient: gradient.elements, inputGradient: inputGradient.elements,
                addsToInput: addsToInput, gamma: gammaGradient.elements,
                beta: betaGradient.elements))
    }

    var results: [AlignedBuffer<Float>] {
        [output, mean, variance, gradient, inputGradient, gammaGradient, betaGradient]
    }
}

@Suite struct NormalizationTests {
    /// Sums of up to 144 terms, of which each errs by u of some 4; the deviation of uniform numbers is
    /// 0.58, and the gradients divide by it up to three times.
    private let tolerance = 1000 * u

    @Test(arguments: Engine.available, 0..<24)
    func equalsTheReference(_ kernels: KernelSet, seed: Int) {
        let trial = NormalizationTrial(seed: seed)
        let g = trial.geometry, live = Double(trial.live)
        let reference = ReferenceNormalization(
            g, live: trial.live, input: trial.input.doubles,
            addend: g.hasAddend
                ? trial.addend.doubles : [Double](repeating: 0, count: g.count),
            gamma: trial.gamma.doubles, beta: trial.beta.doubles)
        let before = trial.results.map(\.doubles)
        trial.run(kernels)
        #expect(distance(trial.output.doubles, reference.output) <= tolerance)
        #expect(
            distance(
                trial.mean.doubles, zip(before[1], reference.mean).map { $0 + live * $1 })
                <= live * tolerance)
        #expect(
            distance(
                trial.variance.doubles, zip(before[2], reference.variance).map { $0 + live * $1 })
                <= live * tolerance)
        // What ReLU lets through is the kernels' own choice: a rounding may tip it.
        let passed = zip(before[3], trial.output.elements).map {
            $0 * g.activation.slope(at: Double($1))
        }
        if g.hasAddend { #expect(trial.gradient.doubles == passed) }
        let expected = reference.gradients(passed)
        // A channel of few values may have a small deviation, down to the root of epsilon.
        let least = reference.variance.min()! + Double(g.epsilon)
        let bound = tolerance / min(1, least)
        let input =
            trial.addsToInput ? zip(before[4], expected.input).map { $0 + $1 } : expected.input
        #expect(distance(trial.inputGradient.doubles, input) <= bound)
        #expect(
            distance(
                trial.gammaGradient.doubles, zip(before[5], expected.gamma).map { $0 + $1 })
                <= bound)
        #expect(
            distance(trial.betaGradient.doubles, zip(before[6], expected.beta).map { $0 + $1 })
                <= bound)
    }

    @Test(arguments: 0..<40)
    func bitsAreThoseOfEveryInstructionSet(seed: Int) {
        let results = Engine.available.map { kernels in
            let trial = NormalizationTrial(seed: seed)
            trial.run(kernels)
            return trial.results.map(\.bits)
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test(arguments: Engine.available, 0..<8)
    func imagesThatAreNotRealStayZero(_ kernels: KernelSet, seed: Int) {
        let trial = NormalizationTrial(seed: seed), g = trial.geometry
        trial.run(kernels)
        let dead = (0..<g.count).filter { $0 / g.channels % g.images >= trial.live }
        #expect(dead.allSatisfy { trial.output.base[$0] == 0 })
        if !trial.addsToInput { #expect(dead.allSatisfy { trial.inputGradient.base[$0] == 0 }) }
    }

    /// ReLU with a ceiling has the bits that it has as a layer of its own.
    @Test(arguments: Engine.available, 0..<24)
    func ceilingIsThatOfALayerOfItsOwn(_ kernels: KernelSet, seed: Int) {
        let activation = ConvGeometry.Activation.rectified(ceiling: 0.75)
        let fused = NormalizationTrial(seed: seed, activation: activation)
        let plain = NormalizationTrial(seed: seed, activation: .linear)
        let rows = Rows.vectors(plain.geometry.count)
        let layer = ElementActivation.rectifier(activation.rectifier!)
        fused.run(kernels)
        plain.run(kernels) {
            kernels.activationForward(layer, rows, plain.output.elements)
            kernels.activationBackward(
                layer, rows, values: plain.output.floats, plain.gradient.elements)
        }
        for (a, b) in zip(fused.results, plain.results) where a !== fused.gradient {
            #expect(a.bits == b.bits)
        }
        if fused.geometry.hasAddend { #expect(fused.gradient.bits == plain.gradient.bits) }
    }

    /// In place, as the network runs it: over the addend forward, over the gradient backward.
    @Test(arguments: Engine.available, 0..<12)
    func placeDoesNotMatter(_ kernels: KernelSet, seed: Int) {
        let apart = NormalizationTrial(seed: seed), g = apart.geometry
        let inPlace = NormalizationTrial(seed: seed)
        apart.run(kernels)
        func operands() -> NormalizationOperands {
            NormalizationOperands(
                input: inPlace.input.floats, addend: inPlace.addend.floats,
                gamma: inPlace.gamma.floats, beta: inPlace.beta.floats,
                kept: inPlace.kept.elements)
        }
        let output = g.hasAddend ? inPlace.addend : inPlace.output
        let result = g.hasAddend ? inPlace.inputGradient : inPlace.gradient
        kernels.normalizeForward(
            g, live: inPlace.live, operands(),
            NormalizationSums(mean: inPlace.mean.elements, variance: inPlace.variance.elements),
            into: output.elements)
        #expect(output.bits == apart.output.bits)
        kernels.normalizeBackward(
            g, live: inPlace.live, operands(),
            NormalizationGradients(
                output: g.rereadsOutput ? output.floats : Floats(start: nil, count: 0),
                outputGradient: inPlace.gradient.elements, inputGradient: result.elements,
                addsToInput: inPlace.addsToInput, gamma: inPlace.gammaGradient.elements,
                beta: inPlace.betaGradient.elements))
        #expect(result.bits == apart.inputGradient.bits)
    }

    @Test(arguments: Engine.available)
    func notANumberSurvives(_ kernels: KernelSet) {
        let trial = NormalizationTrial(seed: 3), channels = trial.geometry.channels
        trial.input.base[channels + 5] = .nan
        trial.run(kernels)
        let touched = (0..<trial.geometry.count).filter { trial.output.base[$0].isNaN }
        #expect(!touched.isEmpty && touched.allSatisfy { $0 % channels == 5 })
    }

    /// With the statistics of the block itself, folding computes what normalising computed.
    @Test(arguments: Engine.available, 0..<12)
    func foldedIsNormalized(_ kernels: KernelSet, seed: Int) {
        let trial = NormalizationTrial(seed: seed), g = trial.geometry
        for i in 0..<g.statisticsCount { (trial.mean.base[i], trial.variance.base[i]) = (0, 0) }
        trial.run(kernels)
        for i in 0..<g.statisticsCount {
            trial.mean.base[i] /= Float(trial.live)
            trial.variance.base[i] /= Float(trial.live)
        }
        let scale = AlignedBuffer<Float>(count: g.statisticsCount), shift = scale.copy()
        kernels.foldNormalization(
            NormalizationStatistics(
                gamma: trial.gamma.floats, beta: trial.beta.floats,
                bias: Floats(start: nil, count: 0), mean: trial.mean.floats,
                variance: trial.variance.floats, epsilon: g.epsilon),
            scale: scale.elements, shift: shift.elements)
        let output = AlignedBuffer<Float>(count: g.count)
        kernels.scaleChannels(
            g, trial.input.floats, addend: trial.addend.floats, scale: scale.floats,
            shift: shift.floats, into: output.elements)
        let live = (0..<g.count).filter { $0 / g.channels % g.images < trial.live }
        let error = live.map { abs(output.base[$0] - trial.output.base[$0]) }.max()!
        #expect(Double(error) <= 100 * tolerance)
    }

    @Test(arguments: Engine.available)
    func averagesMoveByTheirRest(_ kernels: KernelSet) {
        var noise = Noise(seed: 1)
        let sum = noise.buffer(48), old = noise.buffer(48), new = AlignedBuffer<Float>(count: 48)
        let none = MutableFloats(start: nil, count: 0)
        kernels.movingAverage(
            MovingAverageStep(samples: 12, rest: 0.25),
            OptimizerSlice(
                gradient: sum.floats, weights: old.floats, newWeights: new.elements, first: none,
                second: none))
        let expected = zip(old.doubles, sum.doubles).map { $0 * 0.75 + $1 / 12 * 0.25 }
        #expect(distance(new.doubles, expected) <= 4 * u)
    }
}
