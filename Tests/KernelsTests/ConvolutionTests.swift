// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct ConvolutionTests {
    /// Small whole numbers make every sum exact, so that all of a direct convolution (ties of the pool
    /// too) must equal the reference.
    @Test(arguments: Engine.available, ConvGeometry.named.filter { $0.algorithm != .winograd })
    func wholeNumbersAreExact(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        var noise = Noise(seed: 1)
        let trial = ConvTrial(geometry) { _, _ in Float(noise.integer(-3...3)) }
        let reference = ReferenceConvolution(trial)
        let outputGradient = trial.outputGradient.doubles
        trial.run(kernels)
        #expect(trial.output.doubles == reference.output)
        let expected = reference.gradients(reference.sumGradient(outputGradient))
        #expect(trial.weightGradient.doubles == expected.weights)
        #expect(trial.biasGradient.doubles == expected.bias)
        if geometry.needsInputGradient {
            #expect(trial.inputGradient.doubles == expected.input)
        }
    }

    /// Products of random signs: the sum of k of them walks to about √k / 3 and each of its k roundings
    /// errs by up to u of that, at random, so the error is about k u / 5: k u is far out. Winograd's
    /// transforms add 24 roundings and cancel some figures: four times as much.
    @Test(arguments: Engine.available, ConvGeometry.named)
    func roundingStaysInItsBound(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        var noise = Noise(seed: 2)
        let trial = ConvTrial(geometry) { _, _ in noise.unit() }
        let reference = ReferenceConvolution(trial)
        let outputGradient = trial.outputGradient.doubles
        trial.run(kernels)

        let g = geometry, taps = g.kernelHeight * g.kernelWidth
        func bound(_ depth: Int) -> Double {
            g.algorithm == .winograd ? 4 * Double(depth + 24) * u : Double(depth + 1) * u
        }
        #expect(
            distance(trial.output.doubles, reference.output) <= bound(taps * g.inputDepth))
        // What ReLU and the pool let through is the kernels' own choice: a rounding may tip it.
        let passed = reference.sumGradient(
            outputGradient, output: Floats(trial.output.elements),
            argmax: Bytes(trial.argmax.elements))
        let expected = reference.gradients(passed)
        let pixels = g.convHeight * g.convWidth * g.images
        #expect(distance(trial.weightGradient.doubles, expected.weights) <= bound(pixels))
        #expect(distance(trial.biasGradient.doubles, expected.bias) <= bound(pixels))
        if g.needsInputGradient {
            #expect(
                distance(trial.inputGradient.doubles, expected.input)
                    <= bound(taps * g.outputDepth))
        }
    }

    /// What the choice of the points is for: the error of all three passes stays at the level of direct
    /// float sums. `ConvGeometry.table` states the bound.
    @Test(arguments: [16, 64, 128], [false, true])
    func winogradIsAsGoodAsDirect(channels: Int, pooled: Bool) {
        func errors(_ algorithm: ConvGeometry.Algorithm) -> [Double] {
            var noise = Noise(seed: 3)
            let pooled = pooled && algorithm == .winograd
            let trial = ConvTrial(
                .keras(
                    12, 12, channels, to: channels, same: true, relu: pooled, pooled: pooled,
                    algorithm)
            ) { _, _ in noise.unit() }
            let outputGradient = trial.outputGradient.doubles
            trial.run(Engine.best())
            let reference = ReferenceConvolution(trial)
            let expected = reference.gradients(
                reference.sumGradient(
                    outputGradient, output: trial.output.floats,
                    argmax: Bytes(trial.argmax.elements)))
            return [
                relative(trial.output.doubles, reference.output),
                relative(trial.inputGradient.doubles, expected.input),
                relative(trial.weightGradient.doubles, expected.weights),
            ]
        }
        /// The largest difference over the root mean square.
        func relative(_ found: [Double], _ expected: [Double]) -> Double {
            let squares = expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)
            return distance(found, expected) / squares.squareRoot()
        }
        let winograd = errors(.winograd), direct = errors(.direct)
        for (error, reference) in zip(winograd, direct) {
            #expect(error < 1e-5 && error < 4 * reference, "\(winograd), direct \(direct)")
        }
    }

    @Test(arguments: 0..<120)
    func bitsAreThoseOfEveryInstructionSet(seed: Int) {
        let digests = Engine.available.map { kernels in
            var noise = Noise(seed: seed)
            let trial = ConvTrial(.random(seed: seed)) { _, _ in noise.unit() }
            trial.run(kernels)
            return trial.digest
        }
        #expect(Set(digests).count == 1, "\(ConvGeometry.random(seed: seed)): \(digests)")
    }

    /// Output channels 10 to 15 are padding: their weights, bias and gradients are zero and stay so.
    @Test(arguments: Engine.available, ConvGeometry.Algorithm.allCases)
    func paddedChannelsStayZero(_ kernels: KernelSet, _ algorithm: ConvGeometry.Algorithm) {
        let channels = algorithm == .narrow ? 3 : 16
        let geometry = ConvGeometry.keras(6, 6, channels, to: 16, relu: false, algorithm)
        var noise = Noise(seed: 4)
        // Weights of a transposed convolution have their outputs in rows.
        let isTransposed = algorithm == .transposed
        func isPadding(_ i: Int, isWeight: Bool) -> Bool {
            (isWeight && isTransposed ? i / 16 : i) % 16 >= 10
        }
        let trial = ConvTrial(geometry) { stream, i in
            let value = noise.unit()
            return stream != 1 && isPadding(i, isWeight: stream == 2) ? 0 : value
        }
        trial.run(kernels)
        for buffer in [trial.output, trial.weightGradient, trial.biasGradient] {
            let isWeight = buffer === trial.weightGradient
            #expect(
                buffer.values.indices.allSatisfy {
                    !isPadding($0, isWeight: isWeight) || buffer.base[$0] == 0
                })
        }
    }

    /// ReLU and pool must not turn a NaN into a number: divergence would go unseen.
    @Test(arguments: Engine.available, ConvGeometry.named.filter { $0.activation != .linear })
    func notANumberSurvives(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        var noise = Noise(seed: 6)
        let trial = ConvTrial(geometry) { _, _ in noise.unit() }
        trial.bias.base[3] = .nan
        trial.run(kernels)
        #expect(
            trial.output.values.indices.allSatisfy {
                trial.output.base[$0].isNaN == ($0 % geometry.outputChannels == 3)
            })
    }

    /// A first layer whose input has channels in 16s.
    @Test(arguments: Engine.available)
    func nothingIsPreparedForAnInputGradientThatNobodyWants(_ kernels: KernelSet) {
        var geometry = ConvGeometry.keras(6, 6, 16, to: 16, .direct)
        geometry.needsInputGradient = false
        let weights = AlignedBuffer<Float>(count: geometry.weightCount)
        let around = AlignedBuffer([Float](repeating: 7, count: geometry.weightCount))
        kernels.convPrepare(geometry, weights.floats, into: around[0..<0])
        #expect(around.values.allSatisfy { $0 == 7 })
    }

    @Test(arguments: Engine.available, ConvGeometry.Algorithm.allCases)
    func gradientsAreAddedTo(_ kernels: KernelSet, _ algorithm: ConvGeometry.Algorithm) {
        let channels = algorithm == .narrow ? 1 : 16
        let geometry = ConvGeometry.keras(6, 6, channels, to: 16, relu: false, algorithm)
        func trial() -> ConvTrial {
            var noise = Noise(seed: 5)
            return ConvTrial(geometry) { _, _ in Float(noise.integer(-3...3)) }
        }
        let once = trial(), twice = trial()
        once.run(kernels)
        twice.run(kernels)
        let gradient = trial().outputGradient
        for (i, value) in gradient.values.enumerated() { twice.outputGradient.base[i] = value }
        kernels.convBackward(
            geometry, twice.operands, twice.gradients, argmax: Bytes(twice.argmax.elements))
        #expect(twice.biasGradient.values == once.biasGradient.values.map { $0 * 2 })
        // Whole numbers are exact but in Winograd's domain.
        let (a, b) = (Array(twice.gradients.weights), once.gradients.weights.map { $0 * 2 })
        let error = distance(a.map(Double.init), b.map(Double.init))
        #expect(error <= (algorithm == .winograd ? 1e-3 : 0), "\(error)")
    }
}

/// What evaluation and branching networks ask of convolutions.
@Suite struct ConvolutionEpilogueTests {
    /// activation(bias + scale * sum + addend), against the same from a plain convolution.
    @Test(arguments: Engine.available, ConvGeometry.named.filter { !$0.pooled })
    func scaleAndAddendAreFolded(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        var noise = Noise(seed: 7), plain = geometry
        plain.activation = .linear
        let trial = ConvTrial(plain) { stream, _ in
            let value = Float(noise.integer(-3...3))
            return stream == 3 ? 0 : value
        }
        trial.run(kernels)
        let oc = geometry.outputChannels
        let scale = noise.buffer(oc) { Float($0.integer(1...4)) / 2 }
        let addend = noise.buffer(geometry.outputCount) { Float($0.integer(-9...9)) }
        let bias = noise.buffer(oc) { Float($0.integer(-9...9)) }
        let expected = trial.output.values.indices.map { i in
            let sum = bias.base[i % oc] + scale.base[i % oc] * trial.output.base[i]
            return geometry.activation.value(at: Double(sum + addend.base[i]))
        }
        var operands = trial.operands
        operands.bias = bias.floats
        operands.scale = scale.floats
        operands.addend = addend.floats
        // In place: the output takes the memory of the addend.
        kernels.convForward(
            geometry, operands, into: addend.elements,
            argmax: MutableBytes(start: nil, count: 0))
        // Whole numbers are exact but in Winograd's domain.
        let error = distance(addend.doubles, expected)
        #expect(error <= (geometry.algorithm == .winograd ? 2e-4 : 0), "\(error)")
    }

    /// ReLU with a ceiling has the bits that it has as a layer of its own.
    @Test(arguments: Engine.available, 0..<60)
    func ceilingIsThatOfALayerOfItsOwn(_ kernels: KernelSet, seed: Int) {
        func trial(_ activation: ConvGeometry.Activation) -> ConvTrial {
            var geometry = ConvGeometry.random(seed: seed), noise = Noise(seed: seed)
            geometry.pooled = false
            geometry.activation = activation
            return ConvTrial(geometry) { _, _ in noise.unit() }
        }
        let activation = ConvGeometry.Activation.rectified(ceiling: 0.75)
        let fused = trial(activation), plain = trial(.linear)
        fused.run(kernels)
        let layer = ElementActivation.rectifier(activation.rectifier!)
        let rows = Rows.vectors(plain.geometry.outputCount)
        plain.prepare(kernels)
        plain.forward(kernels)
        kernels.activationForward(layer, rows, plain.output.elements)
        kernels.activationBackward(
            layer, rows, values: plain.output.floats, plain.outputGradient.elements)
        plain.backward(kernels)
        plain.finish(kernels)
        #expect(fused.digest == plain.digest, "\(fused.geometry)")
    }

    /// Nothing else depends on whether the gradient of a bias is summed.
    @Test(arguments: Engine.available, ConvGeometry.named.filter(\.sumsBiasApart))
    func biasMayBeLeftOut(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        func trial(hasBias: Bool) -> ConvTrial {
            var noise = Noise(seed: 12)
            let trial = ConvTrial(geometry) { _, _ in noise.unit() }
            trial.hasBias = hasBias
            trial.run(kernels)
            return trial
        }
        let with = trial(hasBias: true), without = trial(hasBias: false)
        #expect(with.inputGradient.bits == without.inputGradient.bits)
        #expect(with.weightGradient.bits == without.weightGradient.bits)
        #expect(without.biasGradient.values.allSatisfy { $0 == 0 })
    }

    /// Without a sweep of zeros before each shard.
    @Test(arguments: Engine.available, ConvGeometry.named.filter { $0.accumulatorCount > 0 })
    func sumStartsFromNothing(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        func trial() -> ConvTrial {
            var noise = Noise(seed: 10)
            return ConvTrial(geometry) { _, _ in noise.unit() }
        }
        let fresh = trial(), used = trial()
        fresh.run(kernels)
        used.startsSum = true
        for i in used.gradients.weights.indices { used.gradients.weights[i] = .nan }
        for i in 0..<geometry.weightCount { used.weightGradient.base[i] = .nan }
        used.run(kernels)
        // Between the planes lie floats that nobody sums.
        #expect(used.weightGradient.bits == fresh.weightGradient.bits)
    }

    /// A shard of several blocks, with an accumulator and without one.
    @Test(
        arguments: Engine.available,
        ConvGeometry.named.filter { $0.inShard(blocks: 2).sumsAtOnce })
    func sumsAtOnceAreThoseOfTheBlocks(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        func weightGradient(blocksPerShard: Int, isAtOnce: Bool) -> [UInt32] {
            let geometry = geometry.inShard(blocks: blocksPerShard)
            var noise = Noise(seed: 11)
            #expect(geometry.sumsAtOnce == isAtOnce)
            let trial = ConvTrial(geometry) { _, _ in noise.unit() }
            trial.prepare(kernels)
            for block in 0..<2 {
                trial.pass(kernels, block: block)
                for i in 0..<geometry.inputCount { trial.input.base[i] = noise.unit() }
            }
            trial.finish(kernels)
            return trial.weightGradient.bits
        }
        let atOnce = weightGradient(blocksPerShard: 2, isAtOnce: true)
        #expect(atOnce == weightGradient(blocksPerShard: 1000, isAtOnce: false))
    }

    /// The gradient of a value that several layers read is a sum.
    @Test(
        arguments: Engine.available,
        ConvGeometry.named.filter { $0.needsInputGradient && !$0.pooled })
    func inputGradientIsAddedIfAsked(_ kernels: KernelSet, _ geometry: ConvGeometry) {
        func trial() -> ConvTrial {
            var noise = Noise(seed: 8)
            return ConvTrial(geometry) { _, _ in Float(noise.integer(-3...3)) }
        }
        let fresh = trial(), adding = trial()
        fresh.run(kernels)
        var noise = Noise(seed: 9)
        for i in 0..<geometry.inputCount {
            adding.inputGradient.base[i] = Float(noise.integer(-9...9))
        }
        let before = adding.inputGradient.doubles
        adding.addsToInput = true
        adding.run(kernels)
        let sum = zip(before, fresh.inputGradient.doubles).map { $0 + $1 }
        let error = distance(adding.inputGradient.doubles, sum)
        #expect(error <= (geometry.algorithm == .winograd ? 2e-4 : 0), "\(error)")
    }
}

extension ReferenceConvolution {
    init(_ trial: ConvTrial) {
        self.init(
            trial.geometry, input: trial.input.doubles, weights: trial.weights.doubles,
            bias: trial.bias.doubles)
    }
}

/// The largest difference of two lists.
func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
}

extension ConvGeometry {
    /// The same as one of several blocks of a shard.
    fileprivate func inShard(blocks count: Int) -> ConvGeometry {
        var geometry = self
        geometry.blocksPerShard = count
        return geometry
    }
}
