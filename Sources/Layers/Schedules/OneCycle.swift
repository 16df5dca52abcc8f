// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// One rise and one fall over a whole training: half a cosine from `maxLearningRate / divFactor` up to
/// `maxLearningRate` in the first `pctStart` of the steps, and another one down to the first rate divided by
/// `finalDivFactor`. The last step's rate is also that of all steps after it.
///
/// - Source: Smith and Topin (2017), "Super-Convergence"; names and defaults are those of PyTorch's OneCycleLR,
///   which has two phases, too.
public struct OneCycle: LearningRateSchedule {
    public static let kerasName = "OneCycle"

    public var maxLearningRate: Double
    public var totalSteps: Int
    public var pctStart: Double
    public var divFactor: Double
    public var finalDivFactor: Double

    public init(
        maxLearningRate: Double, totalSteps: Int, pctStart: Double = 0.3, divFactor: Double = 25,
        finalDivFactor: Double = 10_000
    ) {
        self.maxLearningRate = maxLearningRate
        self.totalSteps = totalSteps
        self.pctStart = pctStart
        self.divFactor = divFactor
        self.finalDivFactor = finalDivFactor
    }

    public init(fields: inout Fields) throws(ConfigError) {
        maxLearningRate = try fields.rate("max_learning_rate")
        totalSteps = try fields.steps("total_steps")
        pctStart = try fields.double("pct_start", default: 0.3, in: 0...1)
        divFactor = try fields.double("div_factor", default: 25, in: 1e-6...1e12)
        finalDivFactor = try fields.double("final_div_factor", default: 10_000, in: 1e-6...1e12)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("max_learning_rate", .scalar(maxLearningRate)),
            .init("total_steps", .scalar(totalSteps)),
            .init("pct_start", .scalar(pctStart)),
            .init("div_factor", .scalar(divFactor)),
            .init("final_div_factor", .scalar(finalDivFactor)),
        ]
    }

    public func rate(at step: Int) -> Double {
        let top = pctStart * Double(totalSteps) - 1, last = Double(totalSteps - 1)
        let place = min(Double(step), last)
        let first = maxLearningRate / divFactor
        func between(_ start: Double, _ end: Double, _ share: Double) -> Double {
            end + (start - end) / 2 * (1 + ElementaryFunctions.cosPi(share))
        }
        if place <= top { return between(first, maxLearningRate, top > 0 ? place / top : 1) }
        return between(
            maxLearningRate, first / finalDivFactor, last > top ? (place - top) / (last - top) : 1)
    }
}
