// SPDX-License-Identifier: Apache-2.0
//
// Jobs that learn numbers, or shares of classes, instead of classes.

import Configuration
import Datasets
import Layers

extension Job {
    /// - Throws: If data, loss and training do not agree on what is learnt.
    func checkTargets(line: Int) throws(ConfigError) {
        func fault(_ path: String, _ detail: String) -> ConfigError {
            ConfigError(code: .outOfRange, path: path, line: line, detail: detail)
        }
        let mixes = [
            ("dataset.augmentation.mixup", dataset.augmentation.mixup > 0),
            ("dataset.augmentation.cutmix", dataset.augmentation.cutmix > 0),
        ]
        if dataset.hasWeights, let (path, _) = mixes.first(where: \.1) {
            throw fault(
                path, "mixes images, but the data weighs them one by one; leave one of them out")
        }
        let isRaw = dataset.classMode == .raw
        guard isRaw == loss.readsNumbers else {
            throw fault(
                "loss",
                isRaw
                    ? "is \(loss.name), for classes, but dataset.class_mode is raw, for numbers; use"
                        + " mean_squared_error or mean_absolute_error, or categorical_crossentropy where"
                        + " the numbers are shares of classes"
                    : "is \(loss.name), for numbers, but the data has classes; use"
                        + " sparse_categorical_crossentropy, or a table with class_mode: raw")
        }
        guard isRaw else { return }
        let forClasses = [
            ("training.sampling", training.sampling == .balanced),
            ("training.class_weight", training.classWeight != nil),
            ("training.metrics", !training.metrics.isEmpty && loss.isRegression),
        ]
        if let (path, _) = (forClasses + mixes).first(where: \.1) {
            throw fault(path, "is for classes, but dataset.class_mode is raw; leave it out")
        }
    }
}
