// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Adam whose step in each tensor is as long as the tensor, for large batches: `w -= rate * |w| / |d| * d`, where
/// d is Adam's direction; by 1 where one of the norms is zero.
///
/// - Source: You et al. (2019), "Large Batch Optimization for Deep Learning".
public struct Lamb: Optimizer, Hashable {
    public static let kerasName = "lamb"

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
    public var takesWholeTensors: Bool { true }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        let first = Double(Float(beta1)).raised(to: step.number)
        let second = Double(Float(beta2)).raised(to: step.number)
        let length = kernels.magnitudes(slice.weights).squares.squareRoot()
        let direction = MutableFloats(mutating: slice.gradient)
        var moments = slice
        moments.newWeights = direction
        kernels.adamDirection(
            AdamDirectionStep(
                samples: Float(step.samples), beta1: Float(beta1), beta2: Float(beta2),
                scale1: Float(1 / (1 - first)), scale2: Float(1 / (1 - second)),
                epsilon: Float(epsilon)),
            moments)
        let reach = kernels.magnitudes(Floats(direction)).squares.squareRoot()
        let ratio = length > 0 && reach > 0 ? length / reach : 1
        slice.copyWeights()
        kernels.addScaled(
            Floats(direction), scale: Float(-step.rate * ratio), to: slice.newWeights)
    }
}
