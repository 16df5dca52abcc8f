// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Steps divided by a running root mean square: `s = rho * s + (1 - rho) * g²; w -= rate * g /
/// sqrt(s + epsilon)`, the last term through a momentum if there is one.
///
/// - Source: Tieleman and Hinton (2012), "Lecture 6.5: rmsprop".
public struct RMSprop: Optimizer, Hashable {
    public static let kerasName = "rmsprop"

    public var learningRate: LearningRate
    public var rho: Double
    public var momentum: Double
    public var epsilon: Double

    public init(
        learningRate: LearningRate = 0.001, rho: Double = 0.9, momentum: Double = 0,
        epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
    }

    public init(fields: inout Fields) throws(ConfigError) {
        learningRate = try fields.learningRate(default: 0.001)
        rho = try fields.double("rho", default: 0.9, in: 0...1)
        momentum = try fields.double("momentum", default: 0, in: 0...1)
        epsilon = try fields.double("epsilon", default: 1e-7, in: 1e-30...1)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("learning_rate", learningRate.encoded),
            .init("rho", .scalar(rho)),
            .init("momentum", .scalar(momentum)),
            .init("epsilon", .scalar(epsilon)),
        ]
    }

    public var slots: Int { momentum == 0 ? 1 : 2 }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        var slice = slice
        // Without momentum the only slot is the mean square, which the kernel takes as the second.
        if slots == 1 { swap(&slice.first, &slice.second) }
        kernels.rmsprop(
            RMSpropStep(
                samples: Float(step.samples), rate: Float(step.rate), rho: Float(rho),
                momentum: Float(momentum), epsilon: Float(epsilon)),
            slice)
    }
}
