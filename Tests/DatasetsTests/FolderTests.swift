// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Testing

@Suite struct FolderTests {
    private let image: [UInt8]

    init() throws { image = try contents("\(GoldenImage.folder)/images/rgba.png") }

    /// A folder with an image at each of the paths, told apart by a byte after the end of the PNG.
    private func folder(_ paths: [String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (i, path) in paths.enumerated() { try folder.write(path, image + [UInt8(i)]) }
        return folder
    }

    private func open(
        _ folder: TemporaryFolder, _ validation: DatasetConfiguration.Validation? = nil,
        split: Double = 0.5, classes: [String] = [],
        classMode: DatasetConfiguration.ClassMode = .sparse
    ) throws -> [Partition: any Dataset] {
        try openDatasets(
            DatasetConfiguration(
                format: .folder, path: folder.path, targetSize: [8, 8], validation: validation,
                validationSplit: split, classes: classes, classMode: classMode))
    }

    private func names(_ dataset: (any Dataset)?, _ folder: TemporaryFolder) -> [String] {
        guard let dataset else { return [] }
        return (0..<dataset.count).map { dataset.name($0).replacing("\(folder.path)/", with: "") }
    }

    private func complaint(
        _ paths: [String], _ validation: DatasetConfiguration.Validation? = nil
    ) throws -> String? {
        let folder = try folder(paths)
        return datasetError { _ = try open(folder, validation) }?.description
            .replacing(folder.path, with: "PATH")
    }

    @Test func filesSortByTheirBytesClassByClass() throws {
        let folder = try folder([
            "roses/b.png", "roses/a10.PNG", "roses/a9.JPG", "roses/\u{E9}.jpeg", "roses/Z.png",
            "daisy/1.png", "daisy/deep/er/2.png", "daisy/.hidden.png", ".trash/3.png", "README.txt",
            "daisy/notes.txt",
        ])
        let train = try #require(try open(folder, .disabled)[.train])
        #expect(train.classNames == ["daisy", "roses"])
        #expect(train.summary == "Found 7 images belonging to 2 classes.")
        #expect(
            names(train, folder) == [
                "daisy/1.png", "daisy/deep/er/2.png", "roses/Z.png", "roses/a10.PNG",
                "roses/a9.JPG",
                "roses/b.png", "roses/\u{E9}.jpeg",
            ])
        #expect((0..<7).map { train.label($0) } == [0, 0, 1, 1, 1, 1, 1])
        #expect(try train.stored(5) == image + [0])
        #expect(train.imageShape == [8, 8, 3] && train.encoding == .file)
    }

    @Test func splitHoldsOutTheFirstOfEachClassAsKerasDoes() throws {
        let folder = try folder((0..<5).map { "a/\($0).png" } + (0..<3).map { "b/\($0).png" })
        let parts = try open(folder)
        #expect(names(parts[.validation], folder) == ["a/0.png", "a/1.png", "b/0.png"])
        #expect(
            names(parts[.train], folder) == ["a/2.png", "a/3.png", "a/4.png", "b/1.png", "b/2.png"])
        #expect(parts[.test] == nil)
    }

    @Test(arguments: ["validation", "val"]) func ownValidationFolderIsUsed(name: String) throws {
        let folder = try folder([
            "train/a/1.png", "train/a/2.png", "train/b/1.png", "\(name)/b/2.png", "test/a/3.png",
        ])
        let parts = try open(folder)
        #expect(
            names(parts[.train], folder) == ["train/a/1.png", "train/a/2.png", "train/b/1.png"])
        #expect(names(parts[.validation], folder) == ["\(name)/b/2.png"])
        #expect(parts[.validation]?.label(0) == 1)
        #expect(names(parts[.test], folder) == ["test/a/3.png"])
        #expect(try open(folder, .disabled)[.validation] == nil)
        #expect(names(try open(folder, .split)[.validation], folder) == ["train/a/1.png"])
    }

    @Test func testFolderServesWhereThereIsNoOther() throws {
        let folder = try folder(["train/a/1.png", "test/a/3.png"])
        #expect(names(try open(folder)[.validation], folder) == ["test/a/3.png"])
    }

    @Test func chosenClassesKeepTheirOrderAndOthersAreLeftOut() throws {
        let folder = try folder([
            "train/a/1.png", "train/b/1.png", "train/c/1.png", "val/a/1.png", "val/b/2.png",
        ])
        let parts = try open(folder, classes: ["c", "a"], classMode: .binary)
        #expect(names(parts[.train], folder) == ["train/c/1.png", "train/a/1.png"])
        #expect(parts[.train]?.label(1) == 1 && parts[.train]?.classNames == ["c", "a"])
        #expect(names(parts[.validation], folder) == ["val/a/1.png"])
        #expect(
            datasetError { _ = try open(folder, classes: ["a", "d"]) }?.detail.replacing(
                folder.path, with: "PATH")
                == "PATH/train: no folder 'd', which dataset.classes names; make it or remove the name"
        )
        #expect(
            datasetError { _ = try open(folder, classMode: .binary) }?.detail.replacing(
                folder.path, with: "PATH")
                == "PATH: class_mode binary is for two classes, there are 3; name two in"
                + " dataset.classes, or set class_mode to sparse")
    }

    @Test func layoutMistakesAreNamed() throws {
        #expect(
            try complaint(["train/a/1.png", "val/c/1.png"])
                == "dataset.mismatch: PATH/val/c: no class of the training set has this name, they are"
                + " a; rename the folder or remove it")
        #expect(
            try complaint(["val/c/1.png"])
                == "dataset.notFound: PATH: has val/ but no train/; put the training images in"
                + " PATH/train/<class>/")
        #expect(
            try complaint(["1.png", "a/1.txt"])
                == "dataset.empty: PATH: no image in 1 class folders (1 other files); expected"
                + " PATH/<class>/*.jpg, .jpeg, .png, .bmp or .webp")
        #expect(
            try complaint(["train/a/1.png"], .test)
                == "dataset.notFound: PATH: none of validation/, val/ and test/ beside train/ is there;"
                + " make one, or set validation to split or none")
    }

    @Test func fingerprintIsOfNamesSizesAndContents() throws {
        let paths = ["a/1.png", "a/2.png", "b/1.png"]
        let folder = try folder(paths)
        let fingerprint = try open(folder, .disabled)[.train]?.fingerprint
        #expect(try open(self.folder(paths), .disabled)[.train]?.fingerprint == fingerprint)
        try folder.write("a/2.png", image + [99])
        #expect(try open(folder, .disabled)[.train]?.fingerprint != fingerprint)
        #expect(
            try open(self.folder(["a/1.png", "a/3.png", "b/1.png"]), .disabled)[.train]?.fingerprint
                != fingerprint)
    }

    @Test func damagedFilesAreNamedWhenRead() throws {
        let folder = try folder(["a/1.png", "a/2.png"])
        let train = try #require(try open(folder, .disabled)[.train])
        func complaint() -> String? {
            datasetError { _ = try train.stored(1) }?.description.replacing(
                folder.path, with: "PATH")
        }
        try folder.write("a/2.png", image)
        let changed =
            "dataset.mismatch: PATH/a/2.png: has changed, it had \(image.count + 1) bytes when"
            + " the run started; restore it, or start the run anew"
        #expect(complaint() == changed)
        try folder.write("a/2.png", image + [1, 2])
        #expect(complaint() == changed)
        try folder.write("a/2.png", Array("GIF8".utf8) + image[3...])
        #expect(
            complaint()?.hasPrefix("dataset.unsupported: PATH/a/2.png: the file is a GIF") == true)
        try folder.remove("a/2.png")
        #expect(
            complaint()
                == "dataset.notFound: PATH/a/2.png: No such file or directory; check the path and its"
                + " permissions")
    }
}
