// SPDX-License-Identifier: Apache-2.0

import Engines
import KernelReference
import Tensors
import Testing

@Suite struct OptimizerTests {
    /// Columns are shortened to a norm; a sum of squares has one rounding a row, half of which a root keeps.
    @Test(arguments: Engine.available)
    func columnsAreShortened(_ kernels: KernelSet) {
        var noise = Noise(seed: 31)
        let rows = 7, weights = noise.buffer(2 * rows * 16), before = weights.doubles
        let limit = ParameterLayout.Limit(norm: 1.25, rows: rows)
        kernels.shorten(limit, weights.elements)
        for column in 0..<32 {
            let places = (0..<rows).map { column / 16 * rows * 16 + $0 * 16 + column % 16 }
            let norm = places.reduce(0) { $0 + before[$1] * before[$1] }.squareRoot()
            for place in places {
                let expected = before[place] * min(norm, 1.25) / (norm + 1e-7)
                #expect(abs(Double(weights.base[place]) - expected) <= Double(rows + 4) * u)
            }
        }
        let others = AlignedBuffer(before.map { Float($0) })
        Engine.available[0].shorten(limit, others.elements)
        #expect(others.bits == weights.bits)
    }

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

    @Test(arguments: Engine.available)
    func clippingKeepsWhatIsWithin(_ kernels: KernelSet) {
        let odd: [Float] = [
            .nan, .infinity, -.infinity, -0.0, 0.5, -0.5, 0.75, 1e-20,
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

    /// Against the definition in double precision, and to the bit between instruction sets.
    @Test func penaltiesAreThoseOfTheirDefinition() throws {
        let buffers = Buffers(seed: 8)
        buffers.weights.base[3] = 0
        let penalty = ParameterLayout.Penalty(l1: 0.003, l2: 0.02)
        var results: [[UInt32]] = []
        for kernels in Engine.available {
            kernels.penalize(
                penalty, samples: 37, buffers.gradient.floats, buffers.weights.floats,
                into: buffers.new.elements)
            results.append(buffers.new.elements.map(\.bitPattern))
            var (absolute, squares) = (0.0, 0.0)
            for i in 0..<buffers.weights.count {
                let w = Double(buffers.weights.base[i]), g = Double(buffers.gradient.base[i])
                let sign = w > 0 ? 1.0 : w < 0 ? -1 : 0
                let slope = 37 * (0.003 * sign + 0.04 * w)
                // Two factors, a sum of parts and the sum, rounded to 24 bits each.
                let bound = 4 * 0x1p-24 * (abs(g) + abs(slope) + 0.2)
                #expect(abs(Double(buffers.new.base[i]) - g - slope) <= bound)
                absolute += abs(w)
                squares += w * w
            }
            let found = kernels.magnitudes(buffers.weights.floats)
            #expect(abs(found.absolute - absolute) <= 1e-12 * absolute)
            #expect(abs(found.squares - squares) <= 1e-12 * squares)
            let first = try #require(Engine.available.first).magnitudes(buffers.weights.floats)
            #expect(found == first)
        }
        #expect(Set(results).count == 1)
    }
}
