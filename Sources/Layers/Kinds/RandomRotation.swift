// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Turns each training image about its centre.
public struct RandomRotation: AugmentationLayer, Hashable {
    public static let kerasName = "RandomRotation"

    /// Whole turns, counter-clockwise.
    public var factor: ClosedRange<Double>
    public var sampling: ImageSampling

    public init(_ factor: ClosedRange<Double>, sampling: ImageSampling = ImageSampling()) {
        self.factor = factor
        self.sampling = sampling
    }

    public init(fields: inout Fields) throws(ConfigError) {
        factor = try fields.factor("factor", in: -1...1)
        sampling = try ImageSampling(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] {
        [.init("factor", .bounds(factor))] + sampling.fields
    }
}
