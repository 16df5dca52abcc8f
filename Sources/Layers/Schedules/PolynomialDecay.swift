// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `(initial - end) * (1 - step / decaySteps) ^ power + end`, then `end`; with `cycle` from a start that is as many
/// whole `decaySteps` away as the step needs.
public struct PolynomialDecay: LearningRateSchedule {
    public static let kerasName = "PolynomialDecay"

    public var initialLearningRate: Double
    public var decaySteps: Int
    public var endLearningRate: Double
    public var power: Double
    public var cycle: Bool

    public init(
        initialLearningRate: Double, decaySteps: Int, endLearningRate: Double = 0.0001,
        power: Double = 1, cycle: Bool = false
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.endLearningRate = endLearningRate
        self.power = power
        self.cycle = cycle
    }

    public init(fields: inout Fields) throws(ConfigError) {
        initialLearningRate = try fields.rate("initial_learning_rate")
        decaySteps = try fields.steps("decay_steps")
        endLearningRate = try fields.rate("end_learning_rate", default: 0.0001)
        power = try fields.double("power", default: 1, in: 1e-3...1e3)
        cycle = try fields.bool("cycle", default: false)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("initial_learning_rate", .scalar(initialLearningRate)),
            .init("decay_steps", .scalar(decaySteps)),
            .init("end_learning_rate", .scalar(endLearningRate)),
            .init("power", .scalar(power)),
            .init("cycle", .scalar(cycle)),
        ]
    }

    public func rate(at step: Int) -> Double {
        let periods = cycle ? max(1, (step + decaySteps - 1) / decaySteps) : 1
        let end = periods * decaySteps
        let rest = 1 - Double(min(step, end)) / Double(end)
        let share = power == 1 || rest == 0 ? rest : ElementaryFunctions.pow(rest, power)
        return (initialLearningRate - endLearningRate) * share + endLearningRate
    }
}
