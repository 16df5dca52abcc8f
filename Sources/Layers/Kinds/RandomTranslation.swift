// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Moves each training image.
public struct RandomTranslation: AugmentationLayer, Hashable {
    public static let kerasName = "RandomTranslation"

    /// Parts of the height, downwards.
    public var heightFactor: ClosedRange<Double>
    /// Parts of the width, to the right.
    public var widthFactor: ClosedRange<Double>
    public var sampling: ImageSampling

    public init(
        heightFactor: ClosedRange<Double>, widthFactor: ClosedRange<Double>,
        sampling: ImageSampling = ImageSampling()
    ) {
        self.heightFactor = heightFactor
        self.widthFactor = widthFactor
        self.sampling = sampling
    }

    public init(fields: inout Fields) throws(ConfigError) {
        heightFactor = try fields.factor("height_factor", in: -1...1)
        widthFactor = try fields.factor("width_factor", in: -1...1)
        sampling = try ImageSampling(fields: &fields)
    }

    public var fields: [ConfigValue.Entry] {
        [
            .init("height_factor", .bounds(heightFactor)),
            .init("width_factor", .bounds(widthFactor)),
        ] + sampling.fields
    }
}
