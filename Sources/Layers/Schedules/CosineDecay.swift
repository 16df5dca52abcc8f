// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Half a cosine from the initial rate down to `alpha` times that, then no further. With a `warmupTarget` the rate
/// first rises in a line from the initial one to the target, from which it then falls.
///
/// - Source: Loshchilov and Hutter (2016), "SGDR: Stochastic Gradient Descent with Warm Restarts".
public struct CosineDecay: LearningRateSchedule {
    public static let kerasName = "CosineDecay"

    public var initialLearningRate: Double
    /// Of the fall alone.
    public var decaySteps: Int
    public var alpha: Double
    public var warmupTarget: Double?
    public var warmupSteps: Int

    public init(
        initialLearningRate: Double, decaySteps: Int, alpha: Double = 0,
        warmupTarget: Double? = nil, warmupSteps: Int = 0
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.alpha = alpha
        self.warmupTarget = warmupTarget
        self.warmupSteps = warmupSteps
    }

    public init(fields: inout Fields) throws(ConfigError) {
        initialLearningRate = try fields.rate("initial_learning_rate")
        decaySteps = try fields.steps("decay_steps")
        alpha = try fields.double("alpha", default: 0, in: 0...1)
        warmupTarget =
            fields.value("warmup_target") == nil ? nil : try fields.rate("warmup_target")
        warmupSteps = try fields.int("warmup_steps", default: 0, in: 0...1_000_000_000)
        guard warmupSteps == 0 || warmupTarget != nil else {
            throw ConfigError(
                code: .missingField, path: "\(fields.path).warmup_target", line: fields.line,
                detail: "is missing, but there are warmup_steps; say to which rate they lead")
        }
    }

    public var fields: [ConfigValue.Entry] {
        var fields: [ConfigValue.Entry] = [
            .init("initial_learning_rate", .scalar(initialLearningRate)),
            .init("decay_steps", .scalar(decaySteps)),
            .init("alpha", .scalar(alpha)),
        ]
        if let warmupTarget { fields.append(.init("warmup_target", .scalar(warmupTarget))) }
        return fields + [.init("warmup_steps", .scalar(warmupSteps))]
    }

    public func rate(at step: Int) -> Double {
        if let warmupTarget, step < warmupSteps {
            let share = Double(step) / Double(warmupSteps)
            return initialLearningRate + (warmupTarget - initialLearningRate) * share
        }
        let fallen = min(step - (warmupTarget == nil ? 0 : warmupSteps), decaySteps)
        let cosine = ElementaryFunctions.cosPi(Double(fallen) / Double(decaySteps))
        return (warmupTarget ?? initialLearningRate) * ((1 - alpha) * 0.5 * (1 + cosine) + alpha)
    }
}
