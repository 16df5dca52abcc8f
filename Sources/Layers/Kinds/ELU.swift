// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `x` above zero, `alpha * (e^x - 1)` elsewhere.
public struct ELU: ActivationLayer, Hashable {
    public static let kerasName = "ELU"

    public var alpha: Double

    public init(alpha: Double = 1) { self.alpha = alpha }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        alpha = try fields.double("alpha", default: alpha, in: 0...1e6)
    }

    public var fields: [ConfigValue.Entry] { [.init("alpha", .scalar(alpha))] }

    public var element: ElementActivation? { .elu(alpha: Float(alpha), scale: 1) }
}
