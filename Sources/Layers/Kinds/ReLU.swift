// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `max(x, 0)`; or, where it is told so, a slope up to a threshold and no more than a maximum.
public struct ReLU: ActivationLayer, Hashable {
    public static let kerasName = "ReLU"

    /// nil for no bound.
    public var maxValue: Double?
    /// Of `x - threshold`, where x is not above the threshold.
    public var negativeSlope: Double
    public var threshold: Double

    public init(maxValue: Double? = nil, negativeSlope: Double = 0, threshold: Double = 0) {
        self.maxValue = maxValue
        self.negativeSlope = negativeSlope
        self.threshold = threshold
    }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        let isBounded = fields.value("max_value") != nil
        maxValue = isBounded ? try fields.double("max_value", in: 1e-6...1e30) : nil
        negativeSlope = try fields.double("negative_slope", default: negativeSlope, in: 0...1e6)
        threshold = try fields.double("threshold", default: threshold, in: 0...1e30)
    }

    public var fields: [ConfigValue.Entry] {
        var fields = [ConfigValue.Entry]()
        if let maxValue { fields.append(.init("max_value", .scalar(maxValue))) }
        if negativeSlope != 0 { fields.append(.init("negative_slope", .scalar(negativeSlope))) }
        if threshold != 0 { fields.append(.init("threshold", .scalar(threshold))) }
        return fields
    }

    public var element: ElementActivation? {
        .rectifier(
            Rectifier(
                negativeSlope: Float(negativeSlope), threshold: Float(threshold),
                ceiling: maxValue.map { Float($0) } ?? .infinity))
    }
}
