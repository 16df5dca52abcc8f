// SPDX-License-Identifier: Apache-2.0

import Configuration

extension DatasetConfiguration {
    /// What is done to every image, in training and after it, under Keras's `ImageDataGenerator` names.
    ///
    /// It comes after augmentation and before the first layer, in the order of the fields; pixels are 0 to
    /// 255 as it begins. A deviation divides with 1e-6 added to it.
    public struct Preprocessing: Sendable, Equatable {
        /// From each image its own mean is taken, over all channels.
        public var samplewiseCenter: Bool
        /// Each image is divided by its own deviation.
        public var samplewiseStdNormalization: Bool
        /// From each channel the mean is taken that it has in the training images, as they are stored.
        public var featurewiseCenter: Bool
        /// Each channel is divided by its deviation in the training images.
        public var featurewiseStdNormalization: Bool
        /// Each image is multiplied by the matrix that makes the numbers of the training images
        /// uncorrelated; see `Whitening`.
        public var zcaWhitening: Bool
        /// Added to each singular value of the training images before it divides.
        public var zcaEpsilon: Double

        public init(
            samplewiseCenter: Bool = false, samplewiseStdNormalization: Bool = false,
            featurewiseCenter: Bool = false, featurewiseStdNormalization: Bool = false,
            zcaWhitening: Bool = false, zcaEpsilon: Double = 1e-6
        ) {
            self.samplewiseCenter = samplewiseCenter
            self.samplewiseStdNormalization = samplewiseStdNormalization
            self.featurewiseCenter = featurewiseCenter
            self.featurewiseStdNormalization = featurewiseStdNormalization
            self.zcaWhitening = zcaWhitening
            self.zcaEpsilon = zcaEpsilon
        }

        /// Whether it is of no use without `ChannelStatistics`.
        public var needsStatistics: Bool { featurewiseCenter || featurewiseStdNormalization }

        init(_ value: ConfigValue?, path: String) throws(ConfigError) {
            var fields = try Fields(value ?? .init(.null), path: path)
            self.init()
            (samplewiseCenter, samplewiseStdNormalization) = try Self.pair("samplewise", &fields)
            (featurewiseCenter, featurewiseStdNormalization) = try Self.pair(
                "featurewise", &fields)
            try readWhitening(&fields)
            try fields.finish()
        }

        /// In Keras, too, it centres and takes the place of deviations.
        private mutating func readWhitening(_ fields: inout Fields) throws(ConfigError) {
            zcaWhitening = try fields.bool("zca_whitening", default: false)
            let isGiven = fields.value("zca_epsilon") != nil
            zcaEpsilon = try fields.double("zca_epsilon", default: 1e-6, in: 0...1e6)
            func fault(_ name: String, _ detail: String) -> ConfigError {
                ConfigError(
                    code: .outOfRange, path: "\(fields.path).\(name)", line: fields.line,
                    detail: detail)
            }
            guard zcaWhitening else {
                if isGiven {
                    throw fault("zca_epsilon", "is of no use without zca_whitening: true")
                }
                return
            }
            guard !featurewiseStdNormalization else {
                throw fault(
                    "featurewise_std_normalization",
                    "is what zca_whitening takes the place of; leave one of them out")
            }
            guard featurewiseCenter || fields.value("featurewise_center") == nil else {
                throw fault(
                    "featurewise_center",
                    "is false, but zca_whitening centres, too; leave one of them out")
            }
            featurewiseCenter = true
        }

        /// In Keras, too, what is divided by its deviation is centred first.
        private static func pair(
            _ name: String, _ fields: inout Fields
        ) throws(ConfigError) -> (center: Bool, normalization: Bool) {
            let normalization = try fields.bool("\(name)_std_normalization", default: false)
            let center = try fields.bool("\(name)_center", default: normalization)
            guard center || !normalization else {
                throw ConfigError(
                    code: .outOfRange, path: "\(fields.path).\(name)_center", line: fields.line,
                    detail: "is false, but \(name)_std_normalization centres, too; leave one of "
                        + "them out")
            }
            return (center, normalization)
        }

        /// Those that are on.
        func encoded() -> ConfigValue {
            let all = [
                ("samplewise_center", samplewiseCenter),
                ("samplewise_std_normalization", samplewiseStdNormalization),
                ("featurewise_center", featurewiseCenter),
                ("featurewise_std_normalization", featurewiseStdNormalization),
                ("zca_whitening", zcaWhitening),
            ]
            var entries: [ConfigValue.Entry] = all.filter(\.1).map { .init($0.0, .scalar($0.1)) }
            if zcaWhitening { entries.append(.init("zca_epsilon", .scalar(zcaEpsilon))) }
            return .map(entries)
        }
    }
}
