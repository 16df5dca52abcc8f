// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Gradient descent, with momentum: `v = momentum * v - rate * g; w += v`, or with Nesterov
/// `w += momentum * v - rate * g`.
public struct SGD: Optimizer, Hashable {
    public static let kerasName = "sgd"

    public var learningRate: LearningRate
    public var momentum: Double
    public var nesterov: Bool

    public init(learningRate: LearningRate = 0.01, momentum: Double = 0, nesterov: Bool = false) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
    }

    public init(fields: inout Fields) throws(ConfigError) {
        learningRate = try fields.learningRate(default: 0.01)
        momentum = try fields.double("momentum", default: 0, in: 0...1)
        nesterov = try fields.bool("nesterov", default: false)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("learning_rate", learningRate.encoded),
            .init("momentum", .scalar(momentum)),
            .init("nesterov", .scalar(nesterov)),
        ]
    }

    public var slots: Int { momentum == 0 ? 0 : 1 }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        kernels.sgd(
            SGDStep(
                samples: Float(step.samples), rate: Float(step.rate), momentum: Float(momentum),
                nesterov: nesterov),
            slice)
    }
}
