// SPDX-License-Identifier: Apache-2.0

import Configuration
import Engines
import Layers
import Tensors
import Testing

@Suite struct OptimizerTests {
    private static let all: [any Optimizer] = [
        SGD(), SGD(momentum: 0.9), SGD(momentum: 0.9, nesterov: true), RMSprop(),
        RMSprop(momentum: 0.5), Adam(), AdamW(), Adagrad(), Lamb(), LARS(weightDecay: 0.1),
        SGD(learningRate: LearningRate(OneCycle(maxLearningRate: 0.3, totalSteps: 50))),
    ]
    private static let rules =
        all.map { UpdateRule($0) } + [
            UpdateRule(SGD(), clipping: .value(0.5)), UpdateRule(SGD(), clipping: .norm(0.5)),
            UpdateRule(Adam(), clipping: .globalNorm(1), weightDecay: 0.01),
            UpdateRule(AdamW(), weightDecay: 0),
            UpdateRule(
                AdamW(), excludeFromWeightDecay: ["bias", "gamma"], emaMomentum: 0.9),
        ]

    @Test func bareNamesHaveKerasDefaults() throws {
        func parse(_ name: String) throws -> any Optimizer {
            let rule = try UpdateRule(.scalar(name), path: "optimizer")
            #expect(rule.clipping == nil && rule.emaMomentum == nil)
            #expect(rule.weightDecay == (name == "adamw" ? 0.004 : 0))
            return rule.optimizer
        }
        #expect(
            try parse("sgd") as? SGD == SGD(learningRate: 0.01, momentum: 0, nesterov: false))
        #expect(
            try parse("RMSprop") as? RMSprop
                == RMSprop(learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7))
        #expect(
            try parse("adam") as? Adam
                == Adam(learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7))
        #expect(try parse("adamw") as? AdamW == AdamW())
        #expect(try parse("adagrad") as? Adagrad == Adagrad())
        #expect(try parse("lamb") as? Lamb == Lamb())
    }

    @Test(arguments: rules.indices)
    func encodedRulesReadBackTheSame(index: Int) throws {
        let rule = Self.rules[index]
        let again = try UpdateRule(rule.encoded(), path: "optimizer")
        #expect("\(again)" == "\(rule)")
    }

    @Test func mistakesNameTheFieldAndTheCure() {
        func message(_ value: ConfigValue) -> String? {
            #expect(throws: ConfigError.self) {
                try UpdateRule(value, path: "training.optimizer")
            }?.description
        }
        #expect(
            message(.scalar("adaam"))
                == "training.optimizer: 'adaam' is not an optimizer; did you mean 'adam'?")
        #expect(
            message(.map([.init("name", .scalar("sgd")), .init("learning_rat", .scalar(1))]))
                == "training.optimizer.learning_rat: is not a field of training.optimizer; did you mean"
                + " 'learning_rate'?")
        #expect(
            message(.map([.init("name", .scalar("adam")), .init("beta_1", .scalar(1))]))
                == "training.optimizer.beta_1: found 1.0, expected 0.0 to 0.999999")
        #expect(
            message(
                .map([
                    .init("name", .scalar("adam")), .init("clipnorm", .scalar(1)),
                    .init("clipvalue", .scalar(1)),
                ]))
                == "training.optimizer.clipnorm: stands beside clipvalue; a gradient is clipped in one way, "
                + "keep one of them")
        #expect(
            message(
                .map([
                    .init("name", .scalar("sgd")),
                    .init("learning_rate", .map([.init("CosineDecy", .map([]))])),
                ]))
                == "training.optimizer.learning_rate: found 'CosineDecy', expected a number or one of "
                + "PiecewiseConstantDecay, ExponentialDecay, InverseTimeDecay, PolynomialDecay, CosineDecay, "
                + "CosineDecayRestarts, OneCycle with its fields")
    }

    @Test func slotsAreWhatTheFormulasNeed() {
        #expect(Self.all.map(\.slots) == [0, 1, 1, 1, 2, 2, 2, 1, 2, 1, 0])
    }

    /// Chunks may be stepped in any order, by anybody.
    /// Two steps of two tensors by the formula of the paper, in double precision.
    @Test func larsFollowsItsPaper() throws {
        let rule = UpdateRule(
            LARS(learningRate: 0.5, momentum: 0.9, trustCoefficient: 0.01, weightDecay: 0.1))
        let shapes: [Shape] = [[2, 24], [16]], ranges = [0..<48, 48..<64]
        let layout = ParameterLayout(
            entries: zip(shapes, ranges).map {
                .init(name: "layer/\($1.lowerBound)", shape: $0, range: $1, layer: 0)
            })
        var draw = Draw(seed: 9)
        let buffers = (0..<3).map { _ in AlignedBuffer<Float>(count: 64) }
        defer { withExtendedLifetime(buffers) {} }
        for i in 0..<64 { buffers[0].base[i] = draw.float(in: -1, 1) }
        var weights = buffers[0].elements.map(Double.init)
        var velocity = [Double](repeating: 0, count: 64)
        for number in 1...2 {
            for i in 0..<64 { buffers[1].base[i] = draw.float(in: -50, 50) }
            let gradient = buffers[1].elements.map { Double($0) / 7 }
            for (shape, range) in zip(shapes, ranges) {
                func length(_ values: [Double]) -> Double {
                    values[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
                }
                let isVector = shape.rank == 1
                let ratio =
                    isVector
                    ? 1
                    : 0.01 * length(weights) / (length(gradient) + 0.1 * length(weights))
                for i in range {
                    let g = gradient[i] + (isVector ? 0 : 0.1 * weights[i])
                    velocity[i] = 0.9 * velocity[i] - 0.5 * ratio * g
                    weights[i] += velocity[i]
                }
            }
            rule.apply(
                Engine.best(), .init(number, samples: 7),
                OptimizerSlice(
                    gradient: Floats(buffers[1].elements), weights: Floats(buffers[0].elements),
                    newWeights: buffers[0].elements, first: buffers[2].elements,
                    second: .init(start: nil, count: 0)), at: 0, of: layout)
        }
        for (found, expected) in zip(buffers[0].elements, weights) {
            #expect(abs(Double(found) - expected) <= 1e-5 * max(1, abs(expected)))
        }
    }

    @Test(arguments: all.indices.filter { !all[$0].takesWholeTensors })
    func slicesOfABufferGiveTheBitsOfTheWhole(index: Int) {
        let optimizer = Self.all[index]
        #expect(
            step(optimizer, slices: [0..<160])
                == step(optimizer, slices: [96..<160, 0..<16, 16..<96]))
    }

    /// Two steps on 160 weights, and the state after them.
    private func step(_ optimizer: any Optimizer, slices: [Range<Int>]) -> [UInt32] {
        var draw = Draw(seed: 4)
        let buffers = (0..<4).map { _ in AlignedBuffer<Float>(count: 160) }
        for i in 0..<160 {
            buffers[0].base[i] = draw.float(in: -1, 1)
            buffers[1].base[i] = draw.float(in: -1, 1)
        }
        for number in 1...2 {
            for range in slices {
                let slots = buffers[2...].map(\.elements).enumerated().map { slot, buffer in
                    MutableFloats(rebasing: buffer[slot < optimizer.slots ? range : 0..<0])
                }
                optimizer.apply(
                    Engine.best(), OptimizerStep(number: number, samples: 7, rate: 0.01),
                    OptimizerSlice(
                        gradient: Floats(buffers[0][range]), weights: Floats(buffers[1][range]),
                        newWeights: buffers[1][range], first: slots[0], second: slots[1]))
            }
        }
        return buffers.flatMap { $0.elements.map(\.bitPattern) }
    }
}
