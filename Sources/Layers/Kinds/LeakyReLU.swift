// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `x` above zero, `negative_slope * x` elsewhere.
public struct LeakyReLU: ActivationLayer, Hashable {
    public static let kerasName = "LeakyReLU"

    public var negativeSlope: Double

    public init(negativeSlope: Double = 0.3) { self.negativeSlope = negativeSlope }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        negativeSlope = try fields.double("negative_slope", default: negativeSlope, in: 0...1e6)
    }

    public var fields: [ConfigValue.Entry] { [.init("negative_slope", .scalar(negativeSlope))] }

    public var element: ElementActivation? {
        .rectifier(Rectifier(negativeSlope: Float(negativeSlope)))
    }
}
