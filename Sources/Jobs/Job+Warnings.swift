// SPDX-License-Identifier: Apache-2.0
//
// What a job may say, and hardly means.

import Datasets
import Layers

extension Job {
    /// A sentence for each thing that looks like a mistake, with its cure.
    public var warnings: [String] {
        guard let first = nodes.first?.layer as? Rescaling, first.scale != 1 else { return [] }
        let wanted = dataset.preprocessing
        let options = [
            ("featurewise_std_normalization", wanted.featurewiseStdNormalization),
            ("samplewise_std_normalization", wanted.samplewiseStdNormalization),
            ("zca_whitening", wanted.zcaWhitening),
        ]
        return options.filter(\.1).map(\.0).prefix(1).map { option in
            "dataset.preprocessing.\(option) has brought images to a deviation of 1 when they reach the "
                + "model, which begins with Rescaling and so scales them twice; take the Rescaling "
                + "out of the model"
        }
    }
}
