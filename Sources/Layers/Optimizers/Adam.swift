// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Running means of gradient and square: `m += (g - m) * (1 - beta1); v += (g² - v) * (1 - beta2);
/// w -= m * rate * sqrt(1 - beta2ᵗ) / (1 - beta1ᵗ) / (sqrt(v) + epsilon)`.
///
/// - Source: Kingma and Ba (2014), "Adam: A Method for Stochastic Optimization", in the form before
///   section 2.1, whose epsilon is Keras's.
public struct Adam: Optimizer, Hashable {
    public static let kerasName = "adam"

    public var learningRate: LearningRate
    public var beta1: Double, beta2: Double
    public var epsilon: Double

    public init(
        learningRate: LearningRate = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public init(fields: inout Fields) throws(ConfigError) {
        learningRate = try fields.learningRate(default: 0.001)
        beta1 = try fields.double("beta_1", default: 0.9, in: 0...0.999_999)
        beta2 = try fields.double("beta_2", default: 0.999, in: 0...0.999_999)
        epsilon = try fields.double("epsilon", default: 1e-7, in: 1e-30...1)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("learning_rate", learningRate.encoded),
            .init("beta_1", .scalar(beta1)),
            .init("beta_2", .scalar(beta2)),
            .init("epsilon", .scalar(epsilon)),
        ]
    }

    public var slots: Int { 2 }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        // Of the very numbers that the kernel works with, so that both roundings cancel.
        let first = Double(Float(beta1)).raised(to: step.number)
        let second = Double(Float(beta2)).raised(to: step.number)
        let correction = (1 - second).squareRoot() / (1 - first)
        kernels.adam(
            AdamStep(
                samples: Float(step.samples), rate: Float(step.rate * correction),
                beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon)),
            slice)
    }
}
