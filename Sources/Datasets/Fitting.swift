// SPDX-License-Identifier: Apache-2.0
//
// How an image of any size becomes one of the size that a model takes.

import Configuration

extension DatasetConfiguration {
    /// How a pixel is made of those around it, by Keras's names.
    public enum Interpolation: String, CaseIterable, Sendable {
        /// As in `image_dataset_from_directory`, without antialiasing.
        case nearest, bilinear, bicubic, area
        /// As in `flow_from_directory`, where Pillow does it: smaller images are means of all that they
        /// cover.
        case pilBox = "pil-box"
        case pilBilinear = "pil-bilinear"
        case pilBicubic = "pil-bicubic"

        /// Pillow only crops.
        public var allowsPadding: Bool { pillow == nil }
    }

    /// Which part of an image is resized.
    public enum Framing: String, CaseIterable, Sendable {
        /// All of it: its proportions change.
        case stretch
        /// The largest middle part that has the target's proportions.
        case crop
        /// All of it, in the middle of the smallest black frame that has the target's proportions.
        case pad
    }

    /// At which size a JPEG is decoded.
    public enum JPEGScaling: String, CaseIterable, Sendable {
        /// At its own.
        case disabled = "none"
        /// At a half, a quarter or an eighth of it, whichever is the smallest that is still as high and as
        /// wide as the target.
        case auto
    }

    public struct Fitting: Sendable, Equatable {
        public var interpolation: Interpolation
        public var framing: Framing
        public var jpegScaling: JPEGScaling

        public init(
            interpolation: Interpolation = .bilinear, framing: Framing = .stretch,
            jpegScaling: JPEGScaling = .disabled
        ) {
            self.interpolation = interpolation
            self.framing = framing
            self.jpegScaling = jpegScaling
        }

        init(fields: inout Fields) throws(ConfigError) {
            let interpolation = try fields.choice("interpolation", default: Interpolation.bilinear)
            let crops = try fields.bool("crop_to_aspect_ratio", default: false)
            let pads = try fields.bool("pad_to_aspect_ratio", default: false)
            guard !(crops && pads) else {
                throw ConfigError(
                    code: .outOfRange, path: "\(fields.path).pad_to_aspect_ratio",
                    line: fields.line,
                    detail: "is true, and so is crop_to_aspect_ratio; choose one of them")
            }
            guard !pads || interpolation.allowsPadding else {
                throw ConfigError(
                    code: .outOfRange, path: "\(fields.path).pad_to_aspect_ratio",
                    line: fields.line,
                    detail:
                        "is true, but Pillow, whose way \(interpolation.rawValue) is, only crops;"
                        + " use another interpolation, or crop_to_aspect_ratio")
            }
            self.init(
                interpolation: interpolation, framing: crops ? .crop : pads ? .pad : .stretch,
                jpegScaling: try fields.choice("jpeg_scaling", default: .disabled))
        }

        func encoded() -> [ConfigValue.Entry] {
            [
                .init("interpolation", .scalar(interpolation.rawValue)),
                .init("crop_to_aspect_ratio", .scalar(framing == .crop)),
                .init("pad_to_aspect_ratio", .scalar(framing == .pad)),
                .init("jpeg_scaling", .scalar(jpegScaling.rawValue)),
            ]
        }
    }
}

extension DatasetConfiguration.Interpolation {
    /// nil for what Pillow has no part in.
    var pillow: PillowFilter? {
        switch self {
        case .nearest, .bilinear, .bicubic, .area: nil
        case .pilBox: .box
        case .pilBilinear: .bilinear
        case .pilBicubic: .bicubic
        }
    }
}

extension DatasetConfiguration.Framing {
    /// The part of an axis of `size` pixels that becomes the target, by the rules of Keras's
    /// `image_dataset_from_directory`; it reaches beyond the image where that is padded.
    ///
    /// - Parameters:
    ///   - other: The image's size along the other axis.
    ///   - target: Of the output along this axis and the other.
    func window(_ size: Int, other: Int, target: (own: Int, other: Int)) -> Range<Int> {
        let matching = other * target.own / target.other
        switch self {
        case .stretch: return 0..<size
        case .crop:
            let kept = max(min(matching, size), 1)
            let start = (size - kept) / 2
            return start..<start + kept
        case .pad:
            // As much on both sides: an odd pixel is given up, as in Keras.
            let border = max(matching - size, 0) / 2
            return -border..<size + border
        }
    }
}
