// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Shows more of each training image, or less.
public struct RandomZoom: AugmentationLayer, Hashable {
    public static let kerasName = "RandomZoom"

    /// By how much of its size more is seen; below 0 less.
    public var heightFactor: ClosedRange<Double>
    /// nil for what the height has, so that the image keeps its proportions.
    public var widthFactor: ClosedRange<Double>?
    public var sampling: ImageSampling

    private static let range = -0.999_999...1.0

    public init(
        heightFactor: ClosedRange<Double>, widthFactor: ClosedRange<Double>? = nil,
        sampling: ImageSampling = ImageSampling()
    ) {
        self.heightFactor = heightFactor
        self.widthFactor = widthFactor
        self.sampling = sampling
    }

    public init(fields: inout Fields) throws(ConfigError) {
        heightFactor = try fields.factor("height_factor", in: Self.range)
        let isGiven = fields.value("width_factor") != nil
        widthFactor = isGiven ? try fields.factor("width_factor", in: Self.range) : nil
        sampling = try ImageSampling(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] {
        [.init("height_factor", .bounds(heightFactor))]
            + (widthFactor.map { [.init("width_factor", .bounds($0))] } ?? []) + sampling.fields
    }
}
