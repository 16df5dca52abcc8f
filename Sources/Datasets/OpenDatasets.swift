// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to data.

/// Opens what the configuration names: `.train` always, `.validation` as it says, `.test` if the data
/// comes with a test set.
public func openDatasets(
    _ configuration: DatasetConfiguration
) throws(DatasetError) -> [Partition: any Dataset] {
    switch configuration.format {
    case .fashionMNIST:
        let source = IDXSource.fashionMNIST(configuration.path)
        return try pixelDatasets(
            PixelBlock(idx: "train", of: source), PixelBlock(idx: "t10k", of: source), configuration
        )
    case .mnist:
        let source = IDXSource.mnist(configuration.path)
        return try pixelDatasets(
            PixelBlock(idx: "train", of: source), PixelBlock(idx: "t10k", of: source), configuration
        )
    case .shapes:
        return try pixelDatasets(
            PixelBlock(shapes: .train, count: 10_000), PixelBlock(shapes: .test, count: 2_000),
            configuration)
    case .cifar10, .folder:
        throw DatasetError(code: .unsupported, detail: "not read yet")
    }
}

/// Sets in memory hold out the last images, as `validation_split` of Keras's `Model.fit` does.
private func pixelDatasets(
    _ train: PixelBlock, _ test: PixelBlock, _ configuration: DatasetConfiguration
) throws(DatasetError) -> [Partition: any Dataset] {
    var parts: [Partition: any Dataset] = [.train: PixelDataset(train), .test: PixelDataset(test)]
    switch configuration.validation {
    case .test, .auto: parts[.validation] = parts[.test]
    case .none: break
    case .split:
        let kept = Int(Double(train.count) * (1 - configuration.validationSplit))
        guard kept > 0, kept < train.count else {
            throw DatasetError(
                code: .empty,
                detail: "validation_split \(configuration.validationSplit) of \(train.count) images"
                    + " leaves none to \(kept > 0 ? "validate with" : "train on"); change it, or"
                    + " set validation to test or none")
        }
        parts[.train] = PixelDataset(train, 0..<kept)
        parts[.validation] = PixelDataset(train, kept..<train.count)
    }
    return parts
}
