// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `initial * decayRate ^ (step / decaySteps)`, or with `staircase` the same for whole `decaySteps` at a time.
public struct ExponentialDecay: LearningRateSchedule {
    public static let kerasName = "ExponentialDecay"

    public var initialLearningRate: Double
    public var decaySteps: Int
    public var decayRate: Double
    public var staircase: Bool

    public init(
        initialLearningRate: Double, decaySteps: Int, decayRate: Double, staircase: Bool = false
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.decayRate = decayRate
        self.staircase = staircase
    }

    public init(fields: inout Fields) throws(ConfigError) {
        initialLearningRate = try fields.rate("initial_learning_rate")
        decaySteps = try fields.steps("decay_steps")
        decayRate = try fields.double("decay_rate", in: 1e-30...1e6)
        staircase = try fields.bool("staircase", default: false)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("initial_learning_rate", .scalar(initialLearningRate)),
            .init("decay_steps", .scalar(decaySteps)),
            .init("decay_rate", .scalar(decayRate)),
            .init("staircase", .scalar(staircase)),
        ]
    }

    public func rate(at step: Int) -> Double {
        let periods = Double(step) / Double(decaySteps)
        let exponent = staircase ? periods.rounded(.down) : periods
        return initialLearningRate * ElementaryFunctions.pow(decayRate, exponent)
    }
}
