// SPDX-License-Identifier: Apache-2.0

import Configuration

extension DatasetConfiguration.Augmentation {
    /// Reads the map; no map is one without fields.
    init(
        _ value: ConfigValue?, path: String, colorMode: DatasetConfiguration.ColorMode
    ) throws(ConfigError) {
        var fields = try Fields(value ?? .init(.null), path: path)
        self.init()
        rotationRange = try fields.double("rotation_range", default: 0, in: 0...360)
        widthShiftRange = try Shift("width_shift_range", &fields)
        heightShiftRange = try Shift("height_shift_range", &fields)
        shearRange = try fields.double("shear_range", default: 0, in: 0...90)
        zoomRange = try fields.factors("zoom_range", in: 0...100)
        horizontalFlip = try fields.bool("horizontal_flip", default: false)
        verticalFlip = try fields.bool("vertical_flip", default: false)
        fillMode = try fields.choice("fill_mode", default: .nearest)
        cval = try fields.double("cval", default: 0, in: 0...255)
        randomCropPadding = try fields.int("random_crop_padding", default: 0, in: 0...8192)
        randomResizedCrop = try fields.span("random_resized_crop", to: 1, in: 1e-6...1)
        let ratio = try fields.span("random_resized_crop_ratio", to: nil, in: 0.001...1000)
        guard ratio == nil || randomResizedCrop != nil else {
            throw ConfigError(
                code: .outOfRange, path: "\(path).random_resized_crop_ratio", line: fields.line,
                detail: "is of no use without random_resized_crop; give that, too, as [0.08, 1]")
        }
        randomResizedCropRatio = ratio ?? randomResizedCropRatio
        channelShiftRange = try fields.double("channel_shift_range", default: 0, in: 0...255)
        brightnessRange = try fields.factors("brightness_range", in: 0...100)
        contrastRange = try fields.factors("contrast_range", in: 0...100)
        saturationRange = try fields.factors("saturation_range", in: 0...100)
        hueRange = try fields.double("hue_range", default: 0, in: 0...0.5)
        grayscale = try fields.double("grayscale", default: 0, in: 0...1)
        gaussianNoise = try fields.double("gaussian_noise", default: 0, in: 0...255)
        gaussianBlur =
            try fields.span("gaussian_blur", from: 0, in: 0...GaussianBlur.mostDeviation) ?? 0...0
        cutout = try fields.int("cutout", default: 0, in: 0...8192)
        mixup = try fields.double("mixup", default: 0, in: Self.alphas)
        cutmix = try fields.double("cutmix", default: 0, in: Self.alphas)
        try fields.finish()
        let needsColours = saturationRange != 1...1 || hueRange != 0 || grayscale != 0
        guard colorMode != .grayscale || !needsColours else {
            throw ConfigError(
                code: .outOfRange, path: path, line: fields.line,
                detail: "found saturation_range, hue_range or grayscale, but color_mode is"
                    + " \(colorMode.rawValue); leave them out, or use color_mode: rgb")
        }
    }

    /// Off, or what can be told from certainty.
    private static let alphas = 0.0...1000.0

    /// Every option that does something, so that what is written reads back as the same value.
    func encoded() -> ConfigValue {
        let off = Self()
        var entries: [ConfigValue.Entry] = []
        func add<Value: Equatable>(
            _ name: String, _ option: KeyPath<Self, Value>, _ encode: (Value) -> ConfigValue
        ) {
            let value = self[keyPath: option]
            if value != off[keyPath: option] { entries.append(.init(name, encode(value))) }
        }
        add("rotation_range", \.rotationRange) { .scalar($0) }
        add("width_shift_range", \.widthShiftRange) { $0.encoded() }
        add("height_shift_range", \.heightShiftRange) { $0.encoded() }
        add("shear_range", \.shearRange) { .scalar($0) }
        add("zoom_range", \.zoomRange) { .bounds($0) }
        entries.append(.init("horizontal_flip", .scalar(horizontalFlip)))
        add("vertical_flip", \.verticalFlip) { .scalar($0) }
        add("fill_mode", \.fillMode) { .scalar($0.rawValue) }
        add("cval", \.cval) { .scalar($0) }
        add("random_crop_padding", \.randomCropPadding) { .scalar($0) }
        add("random_resized_crop", \.randomResizedCrop) { $0.map { .bounds($0) } ?? .init(.null) }
        add("random_resized_crop_ratio", \.randomResizedCropRatio) { .bounds($0) }
        add("channel_shift_range", \.channelShiftRange) { .scalar($0) }
        add("brightness_range", \.brightnessRange) { .bounds($0) }
        add("contrast_range", \.contrastRange) { .bounds($0) }
        add("saturation_range", \.saturationRange) { .bounds($0) }
        add("hue_range", \.hueRange) { .scalar($0) }
        add("grayscale", \.grayscale) { .scalar($0) }
        add("gaussian_noise", \.gaussianNoise) { .scalar($0) }
        add("gaussian_blur", \.gaussianBlur) { .bounds($0) }
        add("cutout", \.cutout) { .scalar($0) }
        add("mixup", \.mixup) { .scalar($0) }
        add("cutmix", \.cutmix) { .scalar($0) }
        return .map(entries)
    }
}

extension DatasetConfiguration.Augmentation.Shift {
    /// A number without a point is one of whole pixels, as in Keras.
    fileprivate init(_ name: String, _ fields: inout Fields) throws(ConfigError) {
        if case .scalar(let text)? = fields.value(name)?.kind, Int(text) != nil {
            self = .whole(try fields.int(name, in: 0...8192))
        } else {
            let number = try fields.double(name, default: 0, in: 0...8192)
            self = number == 0 ? .whole(0) : .real(number)
        }
    }

    fileprivate func encoded() -> ConfigValue {
        switch self {
        case .real(let number): .scalar(number)
        case .whole(let number): .scalar(number)
        }
    }
}

extension ConfigValue {
    fileprivate static func bounds(_ range: ClosedRange<Double>) -> Self {
        .list([.scalar(range.lowerBound), .scalar(range.upperBound)])
    }
}
