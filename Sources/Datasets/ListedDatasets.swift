// SPDX-License-Identifier: Apache-2.0
//
// Which of the listed images are for training, validation and test.

import Tensors

/// The listings that a data set of image files came with.
struct ListedDatasets {
    private var train: ImageListing
    private var validation: ImageListing?
    private var test: ImageListing?
    /// What would have to be there for a validation set of its own: "validation/, val/ or test/".
    private let heldOut: String

    init(train: ImageListing, validation: ImageListing?, test: ImageListing?, heldOut: String) {
        self.train = train
        self.validation = validation
        self.test = test
        self.heldOut = heldOut
    }

    /// - Parameter tolerant: Whether files that should stop a run are kept.
    consuming func open(
        _ configuration: DatasetConfiguration, tolerant: Bool
    ) throws(DatasetError) -> [Partition: any Dataset] {
        train.mostBytes = configuration.maxSampleBytes
        validation?.mostBytes = configuration.maxSampleBytes
        test?.mostBytes = configuration.maxSampleBytes
        let skips = configuration.badFiles == .skip
        if skips || !tolerant { try inspect(configuration) }
        let shape = Shape(configuration.targetSize + [configuration.colorMode.channels])
        guard configuration.classMode != .binary || train.classNames.count == 2 else {
            throw DatasetError(
                code: .mismatch,
                detail: "\(configuration.path): class_mode binary is for two classes, there are"
                    + " \(train.classNames.count); name two in dataset.classes, or set class_mode to"
                    + " sparse")
        }
        var listings: [Partition: ImageListing] = [.train: train]
        listings[.test] = test
        switch configuration.validation {
        case .disabled: break
        case .split: try split(configuration, into: &listings)
        case .auto:
            listings[.validation] = validation ?? test
            if listings[.validation] == nil { try split(configuration, into: &listings) }
        case .test:
            listings[.validation] = validation ?? test
            guard listings[.validation] != nil else {
                throw DatasetError(
                    code: .notFound,
                    detail: "\(configuration.path): none of \(heldOut) is there; make one, or set"
                        + " validation to split or none")
            }
        }
        var parts: [Partition: any Dataset] = [:]
        for part in Partition.allCases {
            guard let listing = listings[part] else { continue }
            parts[part] = try FileDataset(listing, imageShape: shape, tolerant: tolerant)
        }
        return parts
    }

    /// Leaves out files that cannot be read, or stops at them, before anything is split.
    private mutating func inspect(_ configuration: DatasetConfiguration) throws(DatasetError) {
        let skips = configuration.badFiles == .skip
        let inspection = skips ? Inspection.pixels : .headers
        var memory = InspectionMemory(inspection, of: configuration.path)
        try train.inspect(inspection, &memory, skips: skips)
        try validation?.inspect(inspection, &memory, skips: skips)
        try test?.inspect(inspection, &memory, skips: skips)
        memory.save()
    }

    /// Holds out the *first* files of each class, as `validation_split` of Keras's `ImageDataGenerator`
    /// with folders: `floor(n * validation_split)` of a class of n. A table too is cut class by class,
    /// so that one sorted by its labels trains on every class.
    private func split(
        _ configuration: DatasetConfiguration, into listings: inout [Partition: ImageListing]
    ) throws(DatasetError) {
        let share = configuration.validationSplit
        let kept = train.filter { place, count in place >= Int(Double(count) * share) }
        try configuration.checkSplit(kept: kept.files.count, of: train.files.count)
        listings[.train] = kept
        listings[.validation] = train.filter { place, count in
            place < Int(Double(count) * share)
        }
    }
}

extension DatasetConfiguration {
    /// Folders of class folders: `train/<class>/` with `validation/` or `val/` and `test/` beside it, or
    /// just `<class>/`.
    func listFolders() throws(DatasetError) -> ListedDatasets {
        let root = try trainingRoot()
        if let missing = classes.first(where: { !isDirectory("\(root)/\($0)") }) {
            throw DatasetError(
                code: .notFound,
                detail: "\(root): no folder '\(missing)', which dataset.classes names; make it or"
                    + " remove the name")
        }
        let train = try ImageListing(folder: root, classes: choice(.all))
        func heldOut(_ names: [String]) throws(DatasetError) -> ImageListing? {
            let root = names.map { "\(path)/\($0)" }.first(where: isDirectory)
            guard let root else { return nil }
            return try ImageListing(folder: root, classes: choice(.of(train)))
        }
        return ListedDatasets(
            train: train, validation: try heldOut(["validation", "val"]),
            test: try heldOut(["test"]), heldOut: "validation/, val/ and test/ beside train/")
    }

    /// What the job names goes before what is found.
    func choice(_ found: ClassChoice) -> ClassChoice {
        classes.isEmpty ? found : .chosen(classes)
    }

    /// Where the class folders of the training set are.
    private func trainingRoot() throws(DatasetError) -> String {
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

    /// One table, or a folder of `train.csv` with `validation.csv` or `val.csv` and `test.csv` beside
    /// it (or .tsv, .tab).
    func listTables() throws(DatasetError) -> ListedDatasets {
        func find(_ names: [String]) -> String? {
            let files = names.flatMap { ["\($0).csv", "\($0).tsv", "\($0).tab"] }
            return files.map { "\(path)/\($0)" }.first(where: isFile)
        }
        guard let first = isFile(path) ? path : find(["train"]) else {
            throw DatasetError(
                code: .notFound,
                detail: "\(path): is no table, nor a folder that holds train.csv or train.tsv; set"
                    + " dataset.path to a CSV or TSV file")
        }
        let skips = badFiles == .skip
        func list(_ file: String, _ classes: ClassChoice) throws(DatasetError) -> ImageListing {
            classMode == .raw
                ? try ImageListing(table: file, numbersOf: table, skips: skips)
                : try ImageListing(table: file, table, classes: choice(classes), skips: skips)
        }
        let train = try list(first, .all)
        func heldOut(_ names: [String]) throws(DatasetError) -> ImageListing? {
            guard let file = find(names) else { return nil }
            return try list(file, .of(train))
        }
        return ListedDatasets(
            train: train, validation: try heldOut(["validation", "val"]),
            test: try heldOut(["test"]),
            heldOut: "validation.csv, val.csv and test.csv beside train.csv")
    }
}
