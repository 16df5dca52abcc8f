// SPDX-License-Identifier: Apache-2.0

import Configuration

/// The first value up to and with the step that is the first boundary, then the second, and so on.
public struct PiecewiseConstantDecay: LearningRateSchedule {
    public static let kerasName = "PiecewiseConstantDecay"

    /// Steps, ascending.
    public var boundaries: [Int]
    /// One more than there are boundaries.
    public var values: [Double]

    /// - Precondition: As many values as boundaries, and one; boundaries ascend.
    public init(boundaries: [Int], values: [Double]) {
        precondition(
            Self.fits(boundaries, values),
            "PiecewiseConstantDecay: boundaries \(boundaries) for values \(values)")
        self.boundaries = boundaries
        self.values = values
    }

    public init(fields: inout Fields) throws(ConfigError) {
        let line = fields.value("boundaries")?.line ?? fields.line
        boundaries = try fields.numbers("boundaries", in: 0...1e15).map { Int($0) }
        values = try fields.numbers("values", in: 0...1e6)
        guard Self.fits(boundaries, values) else {
            throw ConfigError(
                code: .outOfRange, path: "\(fields.path).boundaries", line: line,
                detail:
                    "found \(boundaries) for values \(values), expected ascending steps, and one value "
                    + "more than there are boundaries")
        }
    }

    private static func fits(_ boundaries: [Int], _ values: [Double]) -> Bool {
        values.count == boundaries.count + 1
            && zip(boundaries, boundaries.dropFirst()).allSatisfy(<)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("boundaries", .list(boundaries.map { .scalar($0) })),
            .init("values", .list(values.map { .scalar($0) })),
        ]
    }

    public func rate(at step: Int) -> Double {
        values[boundaries.firstIndex { step <= $0 } ?? boundaries.count]
    }
}
