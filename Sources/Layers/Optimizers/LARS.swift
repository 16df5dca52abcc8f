// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// SGD with momentum whose step in each tensor is as long as a share of the tensor, for large batches:
/// `v = momentum * v - rate * trust * |w| / (|g| + decay * |w|) * (g + decay * w); w += v`. Tensors of one axis,
/// and those of which a norm is zero, follow their gradient as with SGD.
///
/// - Source: You, Gitman and Ginsburg (2017), "Large Batch Training of Convolutional Networks".
public struct LARS: Optimizer, Hashable {
    public static let kerasName = "lars"
    public static let defaultWeightDecay: Double? = nil

    public var learningRate: LearningRate
    public var momentum: Double
    public var trustCoefficient: Double
    public var weightDecay: Double

    public init(
        learningRate: LearningRate = 0.1, momentum: Double = 0.9, trustCoefficient: Double = 0.001,
        weightDecay: Double = 0
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.trustCoefficient = trustCoefficient
        self.weightDecay = weightDecay
    }

    public init(fields: inout Fields) throws(ConfigError) {
        learningRate = try fields.learningRate(default: 0.1)
        momentum = try fields.double("momentum", default: 0.9, in: 0...1)
        trustCoefficient = try fields.double("trust_coefficient", default: 0.001, in: 0...1e6)
        weightDecay = try fields.double("weight_decay", default: 0, in: 0...1)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("learning_rate", learningRate.encoded),
            .init("momentum", .scalar(momentum)),
            .init("trust_coefficient", .scalar(trustCoefficient)),
            .init("weight_decay", .scalar(weightDecay)),
        ]
    }

    public var slots: Int { momentum == 0 ? 0 : 1 }
    public var takesWholeTensors: Bool { true }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        var rate = step.rate
        if !step.isVector {
            let samples = Double(step.samples)
            let length = kernels.magnitudes(slice.weights).squares.squareRoot()
            let gradient = kernels.magnitudes(slice.gradient).squares.squareRoot() / samples
            if length > 0, gradient > 0 {
                rate *= trustCoefficient * length / (gradient + weightDecay * length)
            }
            kernels.addScaled(
                slice.weights, scale: Float(weightDecay * samples),
                to: MutableFloats(mutating: slice.gradient))
        }
        kernels.sgd(
            SGDStep(
                samples: Float(step.samples), rate: Float(rate), momentum: Float(momentum),
                nesterov: false), slice)
    }
}
