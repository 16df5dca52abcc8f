// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to data.

import Tensors

/// Opens what the configuration names: `.train` always, `.validation` as it says, `.test` if the data
/// comes with a test set.
///
/// - Parameter tolerant: Whether image files that cannot be read, unless `bad_files` says to skip them, are
///   found out only when they are.
public func openDatasets(
    _ configuration: DatasetConfiguration, tolerant: Bool = false
) throws(DatasetError) -> [Partition: any Dataset] {
    let path = configuration.path
    return switch configuration.format {
    case .fashionMNIST: try configuration.open(.fashionMNIST(path))
    case .mnist: try configuration.open(.mnist(path))
    case .emnistBalanced: try configuration.open(.emnist(.balanced, path))
    case .emnistByClass: try configuration.open(.emnist(.byclass, path))
    case .emnistByMerge: try configuration.open(.emnist(.bymerge, path))
    case .emnistDigits: try configuration.open(.emnist(.digits, path))
    case .emnistLetters: try configuration.open(.emnist(.letters, path))
    case .emnistMNIST: try configuration.open(.emnist(.mnist, path))
    case .cifar10: try configuration.open(.cifar10)
    case .cifar100: try configuration.open(.cifar100)
    case .shapes:
        try configuration.partitions(
            PixelBlock(shapes: .train, count: 10_000), PixelBlock(shapes: .test, count: 2_000))
    case .folder: try configuration.listFolders().open(configuration, tolerant: tolerant)
    case .tar: try configuration.listArchive().open(configuration, tolerant: tolerant)
    case .npy:
        try configuration.partitions(
            ArraySource(path, hasWeights: configuration.sampleWeight)
                .blocks(classNames: configuration.classes))
    case .table: try configuration.listTables().open(configuration, tolerant: tolerant)
    }
}

extension DatasetConfiguration {
    fileprivate func open(
        _ source: IDXSource
    ) throws(DatasetError) -> [Partition: any Dataset] {
        try partitions(
            PixelBlock(idx: "train", of: source), PixelBlock(idx: source.test, of: source))
    }

    fileprivate func open(
        _ source: CIFARSource
    ) throws(DatasetError) -> [Partition: any Dataset] {
        let directory = try source.directory(path)
        return try partitions(
            PixelBlock(
                cifar: source, source.train, in: directory, title: "\(format.rawValue) train"),
            PixelBlock(
                cifar: source, source.test, in: directory, title: "\(format.rawValue) test"))
    }

    fileprivate func partitions(
        _ train: PixelBlock, _ test: PixelBlock
    ) throws(DatasetError) -> [Partition: any Dataset] {
        try partitions([.train: train, .test: test])
    }

    /// Sets in memory hold out the *last* images, as `validation_split` of Keras's `Model.fit`: of n
    /// images the first `floor(n * (1 - validation_split))` are kept for training.
    func partitions(
        _ blocks: [Partition: PixelBlock]
    ) throws(DatasetError) -> [Partition: any Dataset] {
        var parts = blocks.mapValues { PixelDataset($0) as any Dataset }
        let own = parts.removeValue(forKey: .validation) ?? parts[.test]
        switch (validation, own) {
        case (.disabled, _): break
        case (.auto, .some), (.test, .some): parts[.validation] = own
        case (.test, nil):
            throw DatasetError(
                code: .notFound,
                detail: "\(path): came with neither validation nor test images; set validation to"
                    + " split or none")
        case (.auto, nil), (.split, _):
            guard let train = blocks[.train] else { break }
            let kept = Int(Double(train.count) * (1 - validationSplit))
            try checkSplit(kept: kept, of: train.count)
            parts[.train] = PixelDataset(train, 0..<kept)
            parts[.validation] = PixelDataset(train, kept..<train.count)
        }
        return parts
    }

    func checkSplit(kept: Int, of count: Int) throws(DatasetError) {
        guard kept > 0, kept < count else {
            throw DatasetError(
                code: .empty,
                detail: "validation_split \(validationSplit) of \(count) images leaves none to"
                    + " \(kept > 0 ? "validate with" : "train on"); change it, or set validation to"
                    + " test or none")
        }
    }
}
