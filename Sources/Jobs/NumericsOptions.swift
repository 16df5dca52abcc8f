// SPDX-License-Identifier: Apache-2.0

import Configuration

/// `numerics:` which arithmetic computes the job.
public struct NumericsOptions: Sendable, Equatable {
    /// Convolutions of 3x3 with stride 1 by Winograd's algorithm: faster, other last bits.
    public var winograd: Bool

    public init(winograd: Bool = true) { self.winograd = winograd }

    init(fields: inout Fields) throws(ConfigError) {
        self.init()
        winograd = try fields.bool("winograd", default: winograd)
        let line = fields.value("id")?.line ?? 0
        let id = try fields.string("id", default: numericsID)
        guard id == numericsID else {
            throw ConfigError(
                code: .outOfRange, path: "numerics.id", line: line,
                detail: "the job was resolved for '\(id)', this build computes '\(numericsID)'; "
                    + "use the build that began it, or remove the field to start anew")
        }
    }

    func encoded() -> ConfigValue {
        .map([.init("id", .scalar(numericsID)), .init("winograd", .scalar(winograd))])
    }
}
