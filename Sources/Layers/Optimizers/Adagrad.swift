// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Steps divided by the root of all squares so far: `a += g²; w -= rate * g / sqrt(a + epsilon)`.
///
/// - Source: Duchi, Hazan and Singer (2011), "Adaptive Subgradient Methods".
public struct Adagrad: Optimizer, Hashable {
    public static let kerasName = "adagrad"

    public var learningRate: LearningRate
    public var initialAccumulatorValue: Double
    public var epsilon: Double

    public init(
        learningRate: LearningRate = 0.001, initialAccumulatorValue: Double = 0.1,
        epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.initialAccumulatorValue = initialAccumulatorValue
        self.epsilon = epsilon
    }

    public init(fields: inout Fields) throws(ConfigError) {
        learningRate = try fields.learningRate(default: 0.001)
        initialAccumulatorValue = try fields.double(
            "initial_accumulator_value", default: 0.1, in: 0...1e6)
        epsilon = try fields.double("epsilon", default: 1e-7, in: 1e-30...1)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("learning_rate", learningRate.encoded),
            .init("initial_accumulator_value", .scalar(initialAccumulatorValue)),
            .init("epsilon", .scalar(epsilon)),
        ]
    }

    public var slots: Int { 1 }
    public var slotStart: Float { Float(initialAccumulatorValue) }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        kernels.adagrad(
            AdagradStep(
                samples: Float(step.samples), rate: Float(step.rate), epsilon: Float(epsilon)),
            slice)
    }
}
