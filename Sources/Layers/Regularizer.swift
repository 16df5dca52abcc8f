// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// What the size of a parameter adds to the loss, by Keras's names: `l1` times the sum of its magnitudes and
/// `l2` times that of its squares, whatever the size of the batch.
///
/// In a job it is a bare name, or a map with a name and fields:
///
///     kernel_regularizer: l2
///     kernel_regularizer: {name: l1_l2, l1: 0.0001, l2: 0.001}
public struct Regularizer: Hashable, Sendable {
    public var l1: Double
    public var l2: Double

    public init(l1: Double = 0, l2: Double = 0) {
        self.l1 = l1
        self.l2 = l2
    }

    /// - Parameter value: A name, or a map with a name and fields.
    init(_ value: ConfigValue, path: String) throws(ConfigError) {
        var map = value
        if case .scalar = value.kind { map.kind = .map([.init("name", value)]) }
        var fields = try Fields(map, path: path)
        let name = try fields.string("name")
        let most = 0...1e30
        switch name {
        case "l1": self.init(l1: try fields.double("l1", default: 0.01, in: most))
        case "l2": self.init(l2: try fields.double("l2", default: 0.01, in: most))
        case "l1_l2":
            self.init(
                l1: try fields.double("l1", default: 0, in: most),
                l2: try fields.double("l2", default: 0, in: most))
        default:
            throw ConfigError(
                code: .outOfRange, path: path, line: value.line,
                detail: "'\(name)' is not a regularizer; expected one of l1, l2, l1_l2")
        }
        try fields.finish()
    }

    var encoded: ConfigValue {
        .map([
            .init("name", .scalar("l1_l2")), .init("l1", .scalar(l1)), .init("l2", .scalar(l2)),
        ])
    }

    var penalty: ParameterLayout.Penalty { ParameterLayout.Penalty(l1: l1, l2: l2) }
}
