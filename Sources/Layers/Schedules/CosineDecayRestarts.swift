// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Half a cosine down to `alpha` times the initial rate, again and again: each time `tMul` times as long and from
/// `mMul` times as high as the last.
///
/// - Source: Loshchilov and Hutter (2016), "SGDR: Stochastic Gradient Descent with Warm Restarts".
public struct CosineDecayRestarts: LearningRateSchedule {
    public static let kerasName = "CosineDecayRestarts"

    public var initialLearningRate: Double
    public var firstDecaySteps: Int
    public var tMul: Double
    public var mMul: Double
    public var alpha: Double

    public init(
        initialLearningRate: Double, firstDecaySteps: Int, tMul: Double = 2, mMul: Double = 1,
        alpha: Double = 0
    ) {
        self.initialLearningRate = initialLearningRate
        self.firstDecaySteps = firstDecaySteps
        self.tMul = tMul
        self.mMul = mMul
        self.alpha = alpha
    }

    public init(fields: inout Fields) throws(ConfigError) {
        initialLearningRate = try fields.rate("initial_learning_rate")
        firstDecaySteps = try fields.steps("first_decay_steps")
        tMul = try fields.double("t_mul", default: 2, in: 1...1e6)
        mMul = try fields.double("m_mul", default: 1, in: 0...1e6)
        alpha = try fields.double("alpha", default: 0, in: 0...1)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("initial_learning_rate", .scalar(initialLearningRate)),
            .init("first_decay_steps", .scalar(firstDecaySteps)),
            .init("t_mul", .scalar(tMul)),
            .init("m_mul", .scalar(mMul)),
            .init("alpha", .scalar(alpha)),
        ]
    }

    public func rate(at step: Int) -> Double {
        var place = Double(step), length = Double(firstDecaySteps), height = 1.0
        if tMul == 1 {
            let period = (place / length).rounded(.down)
            place -= period * length
            height = mMul.raised(to: Int(period))
        } else {
            while place >= length {
                place -= length
                length *= tMul
                height *= mMul
            }
        }
        let cosine = ElementaryFunctions.cosPi(place / length)
        return initialLearningRate * ((1 - alpha) * height * 0.5 * (1 + cosine) + alpha)
    }
}
