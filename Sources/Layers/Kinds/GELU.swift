// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// `x Φ(x)`, where Φ is the share of a normal distribution below x: what `activation: gelu` is.
///
/// With `approximate`, `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`. Keras has that as an argument of
/// `keras.activations.gelu`, and no layer of this name.
public struct GELU: ActivationLayer, Hashable {
    public static let kerasName = "GELU"

    public var approximate: Bool

    public init(approximate: Bool = false) { self.approximate = approximate }

    public init(fields: inout Fields) throws(ConfigError) {
        self.init()
        approximate = try fields.bool("approximate", default: approximate)
    }

    public var fields: [ConfigValue.Entry] { [.init("approximate", .scalar(approximate))] }

    public var element: ElementActivation? { .gelu(approximate: approximate) }
}
