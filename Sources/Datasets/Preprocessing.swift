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

        public init(
            samplewiseCenter: Bool = false, samplewiseStdNormalization: Bool = false,
            featurewiseCenter: Bool = false, featurewiseStdNormalization: Bool = false
        ) {
            self.samplewiseCenter = samplewiseCenter
            self.samplewiseStdNormalization = samplewiseStdNormalization
            self.featurewiseCenter = featurewiseCenter
            self.featurewiseStdNormalization = featurewiseStdNormalization
        }

        /// Whether it is of no use without `ChannelStatistics`.
        public var needsStatistics: Bool { featurewiseCenter || featurewiseStdNormalization }

        init(_ value: ConfigValue?, path: String) throws(ConfigError) {
            var fields = try Fields(value ?? .init(.null), path: path)
            self.init()
            (samplewiseCenter, samplewiseStdNormalization) = try Self.pair("samplewise", &fields)
            (featurewiseCenter, featurewiseStdNormalization) = try Self.pair(
                "featurewise", &fields)
            try fields.finish()
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
            ]
            return .map(all.filter(\.1).map { .init($0.0, .scalar($0.1)) })
        }
    }
}
