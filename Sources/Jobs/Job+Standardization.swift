// SPDX-License-Identifier: Apache-2.0

import Datasets
import Layers

extension Job {
    /// Whether images cannot be standardized yet: no run has found their mean and deviation, or the
    /// matrix that whitens them.
    public var lacksStatistics: Bool {
        let wanted = dataset.preprocessing
        return wanted.needsStatistics && resolution?.statistics == nil
            || wanted.zcaWhitening && resolution?.whitening == nil
    }

    /// What becomes of pixels before the first layer; without statistics, what needs none.
    func standardization(_ found: ChannelStatistics?) -> Standardization {
        let wanted = dataset.preprocessing
        return Standardization(
            centersSamples: wanted.samplewiseCenter,
            scalesSamples: wanted.samplewiseStdNormalization,
            mean: wanted.featurewiseCenter ? found?.mean ?? [] : [],
            deviation: wanted.featurewiseStdNormalization ? found?.deviation ?? [] : [],
            whitens: wanted.zcaWhitening)
    }
}
