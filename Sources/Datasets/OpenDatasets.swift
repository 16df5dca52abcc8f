// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to data.

import Tensors

/// Opens what the configuration names: `.train` always, `.validation` as it says, `.test` if the data
/// comes with a test set.
public func openDatasets(
    _ configuration: DatasetConfiguration
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
    case .folder: try ImageFolder(configuration).open()
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

    /// Sets in memory hold out the *last* images, as `validation_split` of Keras's `Model.fit`: of n
    /// images the first `floor(n * (1 - validation_split))` are kept for training.
    fileprivate func partitions(
        _ train: PixelBlock, _ test: PixelBlock
    ) throws(DatasetError) -> [Partition: any Dataset] {
        var parts: [Partition: any Dataset] = [
            .train: PixelDataset(train), .test: PixelDataset(test),
        ]
        switch validation {
        case .test, .auto: parts[.validation] = parts[.test]
        case .disabled: break
        case .split:
            let kept = Int(Double(train.count) * (1 - validationSplit))
            try checkSplit(kept: kept, of: train.count)
            parts[.train] = PixelDataset(train, 0..<kept)
            parts[.validation] = PixelDataset(train, kept..<train.count)
        }
        return parts
    }

    fileprivate func checkSplit(kept: Int, of count: Int) throws(DatasetError) {
        guard kept > 0, kept < count else {
            throw DatasetError(
                code: .empty,
                detail: "validation_split \(validationSplit) of \(count) images leaves none to"
                    + " \(kept > 0 ? "validate with" : "train on"); change it, or set validation to"
                    + " test or none")
        }
    }
}

/// A folder of images: `train/<class>/` with `validation/` or `val/` and `test/` beside it, or just
/// `<class>/`.
private struct ImageFolder {
    private let configuration: DatasetConfiguration
    private let imageShape: Shape

    init(_ configuration: DatasetConfiguration) {
        self.configuration = configuration
        imageShape = Shape(configuration.targetSize + [configuration.colorMode.channels])
    }

    func open() throws(DatasetError) -> [Partition: any Dataset] {
        let train = try FolderListing(root: try trainingRoot())
        guard !train.files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail: "\(train.root): no image in \(train.classNames.count) class folders"
                    + " (\(train.leftOut) other files); expected \(train.root)/<class>/*.jpg, .jpeg or"
                    + " .png")
        }
        let test = try heldOut(["test"], train)
        let validation = try heldOut(["validation", "val"], train) ?? test
        var parts: [Partition: any Dataset] = [:]
        parts[.test] = test
        switch configuration.validation {
        case .disabled: break
        case .split: try split(train, into: &parts)
        case .auto:
            parts[.validation] = validation
            if validation == nil { try split(train, into: &parts) }
        case .test:
            parts[.validation] = validation
            guard validation != nil else {
                throw DatasetError(
                    code: .notFound,
                    detail:
                        "\(configuration.path): neither validation/, val/ nor test/ beside train/;"
                        + " make one, or set validation to split or none")
            }
        }
        if parts[.train] == nil { parts[.train] = try FolderDataset(train, imageShape: imageShape) }
        return parts
    }

    /// Where the class folders of the training set are.
    private func trainingRoot() throws(DatasetError) -> String {
        let path = configuration.path
        guard isDirectory(path) else {
            throw DatasetError(
                code: .notFound,
                detail: "\(path): there is no such folder; set dataset.path to a folder of class"
                    + " folders, or use --dataset shapes, which needs no files")
        }
        if isDirectory("\(path)/train") { return "\(path)/train" }
        for name in ["validation", "val", "test"] where isDirectory("\(path)/\(name)") {
            throw DatasetError(
                code: .notFound,
                detail: "\(path): has \(name)/ but no train/; put the training images in"
                    + " \(path)/train/<class>/")
        }
        return path
    }

    /// The first of the folders that is there.
    private func heldOut(
        _ names: [String], _ train: FolderListing
    ) throws(DatasetError) -> (any Dataset)? {
        let root = names.map { "\(configuration.path)/\($0)" }.first(where: isDirectory)
        guard let root else { return nil }
        let listing = try FolderListing(root: root, classes: train.classNames)
        guard !listing.files.isEmpty else {
            throw DatasetError(
                code: .empty,
                detail: "\(root): no image in it; expected \(root)/<class>/*.jpg, .jpeg or .png, or"
                    + " remove the folder")
        }
        return try FolderDataset(listing, imageShape: imageShape)
    }

    /// Folders hold out the *first* files of each class, as `validation_split` of Keras's
    /// `ImageDataGenerator`: `floor(n * validation_split)` of a class of n.
    private func split(
        _ listing: FolderListing, into parts: inout [Partition: any Dataset]
    ) throws(DatasetError) {
        let share = configuration.validationSplit
        let kept = listing.filter { place, count in place >= Int(Double(count) * share) }
        try configuration.checkSplit(kept: kept.files.count, of: listing.files.count)
        let held = listing.filter { place, count in place < Int(Double(count) * share) }
        parts[.train] = try FolderDataset(kept, imageShape: imageShape)
        parts[.validation] = try FolderDataset(held, imageShape: imageShape)
    }
}
