// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct OptimizerTests {
    enum Rule: CaseIterable, CustomTestStringConvertible {
        case sgd, momentum, nesterov, rmsprop, rmspropMomentum, adam, adagrad, direction

        var testDescription: String { "\(self)" }

        func step(_ kernels: KernelSet, _ slice: OptimizerSlice) {
            switch self {
            case .sgd: kernels.sgd(Self.sgdStep(0, false), slice)
            case .momentum: kernels.sgd(Self.sgdStep(0.9, false), slice)
            case .nesterov: kernels.sgd(Self.sgdStep(0.9, true), slice)
            case .rmsprop: kernels.rmsprop(Self.rmspropStep(0), slice)
            case .rmspropMomentum: kernels.rmsprop(Self.rmspropStep(0.9), slice)
            case .adam: kernels.adam(Self.adamStep, slice)
            case .adagrad:
                // Its sum of squares cannot be negative.
                for i in slice.first.indices { slice.first[i] = abs(slice.first[i]) }
                kernels.adagrad(Self.adagradStep, slice)
            case .direction: kernels.adamDirection(Self.directionStep, slice)
            }
        }

        func reference(_ state: ReferenceOptimizer) -> ReferenceOptimizer {
            switch self {
            case .sgd: state.after(Self.sgdStep(0, false))
            case .momentum: state.after(Self.sgdStep(0.9, false))
            case .nesterov: state.after(Self.sgdStep(0.9, true))
            case .rmsprop: state.after(Self.rmspropStep(0))
            case .rmspropMomentum: state.after(Self.rmspropStep(0.9))
            case .adam: state.after(Self.adamStep)
            case .adagrad:
                ReferenceOptimizer(
                    gradient: state.gradient, weights: state.weights, first: state.first.map(abs),
                    second: state.second
                ).after(Self.adagradStep)
            case .direction: state.after(Self.directionStep)
            }
        }

        private static func sgdStep(_ momentum: Float, _ nesterov: Bool) -> SGDStep {
            SGDStep(samples: 37, rate: 0.01, momentum: momentum, nesterov: nesterov)
        }
        private static func rmspropStep(_ momentum: Float) -> RMSpropStep {
            RMSpropStep(samples: 37, rate: 0.001, rho: 0.9, momentum: momentum, epsilon: 1e-7)
        }
        private static let adagradStep = AdagradStep(samples: 37, rate: 0.01, epsilon: 1e-7)
        private static let directionStep = AdamDirectionStep(
            samples: 37, beta1: 0.9, beta2: 0.999, scale1: 1.5, scale2: 2.5, epsilon: 1e-1)
        private static let adamStep = AdamStep(
            samples: 37, rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7)
    }

    private struct Buffers {
        let gradient, weights, new, first, second: AlignedBuffer<Float>

        init(seed: Int, count: Int = 4096) {
            var noise = Noise(seed: seed)
            gradient = noise.buffer(count) { $0.unit() * 50 }
            weights = noise.buffer(count)
            new = AlignedBuffer(count: count)
            first = noise.buffer(count)
            second = noise.buffer(count) { abs($0.unit()) }
        }
        var slice: OptimizerSlice {
            OptimizerSlice(
                gradient: gradient.floats, weights: weights.floats, newWeights: new.elements,
                first: first.elements, second: second.elements)
        }
    }

    /// All numbers are below 3, and an element takes some ten roundings.
    @Test(arguments: Engine.available, Rule.allCases)
    func followsKeras(_ kernels: KernelSet, _ rule: Rule) {
        let buffers = Buffers(seed: 1)
        let expected = rule.reference(
            ReferenceOptimizer(
                gradient: buffers.gradient.doubles, weights: buffers.weights.doubles,
                first: buffers.first.doubles, second: buffers.second.doubles))
        rule.step(kernels, buffers.slice)
        #expect(distance(buffers.new.doubles, expected.weights) <= 30 * u)
        #expect(distance(buffers.first.doubles, expected.first) <= 30 * u)
        #expect(distance(buffers.second.doubles, expected.second) <= 30 * u)
    }

    @Test(arguments: Engine.available, Rule.allCases)
    func weightsMayStayInPlace(_ kernels: KernelSet, _ rule: Rule) {
        let apart = Buffers(seed: 2), together = Buffers(seed: 2)
        rule.step(kernels, apart.slice)
        var slice = together.slice
        slice.newWeights = together.weights.elements
        rule.step(kernels, slice)
        #expect(together.weights.bits == apart.new.bits)
    }

    @Test(arguments: Engine.available, Rule.allCases)
    func notANumberSurvives(_ kernels: KernelSet, _ rule: Rule) {
        let buffers = Buffers(seed: 3, count: 64)
        buffers.gradient.base[21] = .nan
        rule.step(kernels, buffers.slice)
        #expect(buffers.new.values.indices.filter { buffers.new.base[$0].isNaN } == [21])
    }

    @Test(arguments: Rule.allCases)
    func bitsAreThoseOfEveryInstructionSet(_ rule: Rule) {
        let results = Engine.available.map { kernels in
            let buffers = Buffers(seed: 4)
            rule.step(kernels, buffers.slice)
            return [buffers.new, buffers.first, buffers.second].flatMap(\.bits)
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    // MARK: Norms and limits

    @Test(arguments: [16, 4096, 4112, 20_000], Engine.available)
    func sumsOfSquaresAreExactToRounding(_ count: Int, _ kernels: KernelSet) {
        var noise = Noise(seed: count)
        let values = noise.buffer(count)
        let expected = values.doubles.reduce(0) { $0 + $1 * $1 }
        let found = kernels.sumOfSquares(values.floats)
        // A lane adds up to 256 squares, and sixteen lanes follow.
        #expect(abs(found - expected) <= 30 * u * expected)
        #expect(found == Engine.available[0].sumOfSquares(values.floats))
    }

    @Test(arguments: Engine.available)
    func clippingKeepsWhatIsWithin(_ kernels: KernelSet) {
        let odd: [Float] = [
            .nan, .infinity, -.infinity, -0.0, 0.5, -0.5, 0.75, .leastNormalMagnitude,
        ]
        let values = AlignedBuffer(odd + odd.map { $0 / 3 })
        let expected = values.values.map { $0.isNaN ? $0 : min(max($0, -0.5), 0.5) }
        kernels.clip(values.elements, limit: 0.5)
        #expect(values.values.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test(arguments: Engine.available)
    func multiplesAreAddedWithOneRounding(_ kernels: KernelSet) {
        var noise = Noise(seed: 5)
        let addend = noise.buffer(64), sum = noise.buffer(64)
        let expected = zip(sum.values, addend.values).map { $0.addingProduct($1, 0.3) }
        kernels.addScaled(addend.floats, scale: 0.3, to: sum.elements)
        #expect(sum.values == expected)
    }
}
