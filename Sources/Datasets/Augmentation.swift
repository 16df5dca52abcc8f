// SPDX-License-Identifier: Apache-2.0
//
// The `augmentation:` map of a data set, in the words of Keras's `ImageDataGenerator`.

extension DatasetConfiguration {
    /// How training images are varied; what is left at its default does nothing.
    public struct Augmentation: Sendable, Equatable {
        /// What lies beyond the edges of an image, `abcd` for example.
        public enum FillMode: String, CaseIterable, Sendable {
            /// `aaaa|abcd|dddd`
            case nearest
            /// `kkkk|abcd|kkkk`, where k is `cval`.
            case constant
            /// `dcba|abcd|dcba`
            case reflect
            /// `abc|abcd|bcd`: the first and the last pixel are one place, as in Keras, that is in SciPy.
            /// Of layers `abcd|abcd|abcd`, as in TensorFlow.
            case wrap

            /// What Keras's `ImageDataGenerator` means by the name.
            package var ofGenerator: Border.Mode {
                switch self {
                case .nearest: .nearest
                case .constant: .cut
                case .reflect: .reflect
                case .wrap: .joined
                }
            }

            /// What its layers mean by it.
            package var ofLayers: Border.Mode {
                switch self {
                case .nearest: .nearest
                case .constant: .blended
                case .reflect: .reflect
                case .wrap: .tiled
                }
            }
        }

        /// How far images are moved along an axis.
        public enum Shift: Sendable, Equatable {
            /// Up to this part of the size, if it is below 1, else up to so many pixels: any distance.
            case real(Double)
            /// Less than so many pixels: a whole number of them.
            case whole(Int)
        }

        /// Degrees, to either side.
        public var rotationRange = 0.0
        public var widthShiftRange = Shift.whole(0)
        public var heightShiftRange = Shift.whole(0)
        /// Degrees, to either side.
        public var shearRange = 0.0
        /// The part of the image that is seen, drawn for each axis: below 1 enlarges.
        public var zoomRange = 1.0...1.0
        /// Mirror each image, or not, by the toss of a coin.
        public var horizontalFlip = false
        public var verticalFlip = false
        public var fillMode = FillMode.nearest
        /// The grey of what is filled in by `constant`, and of what is cut out.
        public var cval = 0.0

        /// Pixels that are added to each side before a piece of the old size is taken out anywhere.
        public var randomCropPadding = 0
        /// The share of the image's area that a piece has which is made as large as the image; nil takes
        /// the whole image.
        public var randomResizedCrop: ClosedRange<Double>?
        /// Of the piece's width to its height, in pixels.
        public var randomResizedCropRatio = 3.0 / 4...4.0 / 3

        /// Grey levels that are added to all channels, to either side.
        public var channelShiftRange = 0.0
        /// Factors of each pixel.
        public var brightnessRange = 1.0...1.0
        /// Factors of each pixel's distance to the mean of its channel.
        public var contrastRange = 1.0...1.0
        /// Factors of each pixel's saturation.
        public var saturationRange = 1.0...1.0
        /// Turns of the circle of colours, to either side.
        public var hueRange = 0.0
        /// The probability that an image loses its colours.
        public var grayscale = 0.0
        /// The standard deviation of what is added to each channel of each pixel, in grey levels.
        public var gaussianNoise = 0.0
        /// The standard deviation of a Gaussian that blurs the image, in pixels.
        public var gaussianBlur = 0.0...0.0
        /// The side of a square that is made `cval`, in pixels. Its centre is anywhere in the image.
        public var cutout = 0
        /// The alpha of Beta(alpha, alpha), by which the share is drawn that an image keeps when it is mixed
        /// with another one of its shard; 0 mixes none. See `ImageMixing`.
        public var mixup = 0.0
        /// The same for the share of its area that it keeps when a part is put over it.
        public var cutmix = 0.0
        /// What a model's own layers do after all of that. It stands in the job's `model`, not here.
        public var transforms: [RandomTransform] = []

        /// Whether any option changes the colours of pixels.
        var recolours: Bool {
            channelShiftRange != 0 || brightnessRange != 1...1 || contrastRange != 1...1
                || saturationRange != 1...1 || hueRange != 0 || grayscale != 0 || gaussianNoise != 0
                || gaussianBlur != 0...0
        }

        public init(horizontalFlip: Bool = false) { self.horizontalFlip = horizontalFlip }
    }
}
