// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Moves the pixels of each training image away from the mean of their channel, or towards it.
///
/// One number f stands for factors from 1 - f to 1 + f, as Keras's text has it. (Keras 3 draws them from
/// 1 to 1 + f.)
public struct RandomContrast: AugmentationLayer, Hashable {
    public static let kerasName = "RandomContrast"

    /// Factors are drawn from 1 less the first to 1 more than the second.
    public var lower: Double, upper: Double
    /// What the layer's input, and so its output, is kept in. Pixels have no room for more than 0 to 255.
    public var valueRange: ClosedRange<Double>

    public init(lower: Double, upper: Double, valueRange: ClosedRange<Double> = 0...255) {
        self.lower = lower
        self.upper = upper
        self.valueRange = valueRange
    }

    public init(fields: inout Fields) throws(ConfigError) {
        let factor = try fields.range("factor", in: 0...1) { [$0, $0] }
        lower = factor.lowerBound
        upper = factor.upperBound
        valueRange = try fields.span("value_range", in: -1e30...1e30) ?? 0...255
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("factor", .list([.scalar(lower), .scalar(upper)])),
            .init("value_range", .bounds(valueRange)),
        ]
    }
}
