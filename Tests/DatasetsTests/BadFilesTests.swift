// SPDX-License-Identifier: Apache-2.0
//
// Image files that cannot be read stop a run before its first step, or are left out.

import Datasets
import Foundation
import Testing

@Suite struct BadFilesTests {
    private let image: [UInt8]

    init() throws { image = try contents("\(GoldenImage.folder)/images/rgba.png") }

    private func open(
        _ folder: TemporaryFolder, _ badFiles: DatasetConfiguration.BadFiles,
        _ format: DatasetConfiguration.Format = .folder, path: String = "",
        validation: DatasetConfiguration.Validation = .disabled, most: Int = 1 << 20
    ) throws -> [Partition: any Dataset] {
        try openDatasets(
            DatasetConfiguration(
                format: format, path: folder.path + path, targetSize: [8, 8],
                validation: validation, validationSplit: 0.5, badFiles: badFiles,
                maxSampleBytes: most))
    }

    private func names(_ dataset: (any Dataset)?, _ folder: TemporaryFolder) -> [String] {
        guard let dataset else { return [] }
        return (0..<dataset.count).map { dataset.name($0).replacing("\(folder.path)/", with: "") }
    }

    /// It begins and ends as it should.
    private var damagedInside: [UInt8] {
        var bytes = image
        bytes[image.count / 2] ^= 1
        return bytes
    }

    @Test func badHeadersAndEndsStopARun() throws {
        let folder = try TemporaryFolder()
        for name in ["a/1.png", "a/2.png", "b/1.png"] { try folder.write(name, image) }
        func complaint() -> String? {
            datasetError { _ = try open(folder, .stop) }?.description
                .replacing(folder.path, with: "PATH")
        }
        #expect(complaint() == nil)
        try folder.write("b/2.png", Array("GIF89a".utf8) + image)
        #expect(
            complaint()
                == "dataset.unsupported: PATH/b/2.png: the file is a GIF image, only JPEG, PNG, BMP and"
                + " WebP are read; convert it or remove it, or set dataset.bad_files to skip")
        try folder.write("a/2.png", Array(image[..<(image.count - 1)]))
        try folder.write("b/0.png", [])
        #expect(
            complaint()
                == "dataset.truncated: 3 of 5 image files cannot be read, the first is PATH/a/2.png:"
                + " the PNG file ends too early (premature end of PNG file); copy it anew or remove it,"
                + " or set dataset.bad_files to skip; 'convoy data info' names all")
    }

    @Test func aFileAboveTheBoundIsNamed() throws {
        let folder = try TemporaryFolder()
        for name in ["a/1.png", "b/1.png", "b/2.png"] { try folder.write(name, image) }
        // It begins and ends as it should.
        try folder.write("a/2.png", Array(image.dropLast(12)) + [0] + image.suffix(12))
        let size = image.count + 1
        #expect(datasetError { _ = try open(folder, .stop, most: size) } == nil)
        #expect(
            datasetError { _ = try open(folder, .stop, most: image.count) }?.description
                == "dataset.tooLarge: \(folder.path)/a/2.png: \(size) bytes,"
                + " dataset.max_sample_bytes allows \(image.count); scale it down, remove it, or allow"
                + " up to 268435456, or set dataset.bad_files to skip")
        let parts = try open(folder, .skip, most: image.count)
        #expect(names(parts[.train], folder) == ["a/1.png", "b/1.png", "b/2.png"])
        #expect(parts[.train]?.skipped.first?.contains("/a/2.png: \(size) bytes") == true)
    }

    @Test func filesThatDoNotDecodeAreLeftOut() throws {
        let (folder, sound) = (try TemporaryFolder(), try TemporaryFolder())
        for name in ["a/1.png", "a/3.png", "a/5.png", "b/1.png", "b/2.png"] {
            try folder.write(name, image)
            try sound.write(name, image)
        }
        try folder.write("a/2.png", damagedInside)
        try folder.write("a/4.png", [])
        // Headers tell nothing of the one, and everything of the other.
        #expect(datasetError { _ = try open(folder, .stop) }?.detail.contains("4.png") == true)
        try folder.write("a/4.png", image + damagedInside)
        #expect(datasetError { _ = try open(folder, .stop) } == nil)
        try folder.write("a/4.png", Array(image[..<40]))

        let parts = try open(folder, .skip, validation: .split)
        let skipped = try #require(parts[.train]?.skipped)
        #expect(skipped.count == 2)
        #expect(skipped[0].hasPrefix("\(folder.path)/a/2.png: the PNG file is damaged"))
        #expect(skipped[1].hasPrefix("\(folder.path)/a/4.png: the PNG file ends too early"))
        // What is left is what a folder without them gives, split and all.
        let expected = try open(sound, .stop, validation: .split)
        for part in [Partition.train, .validation] {
            #expect(names(parts[part], folder) == names(expected[part], sound))
            #expect(parts[part]?.fingerprint == expected[part]?.fingerprint)
        }
        #expect(expected[.train]?.skipped == [])
    }

    @Test func nothingLeftIsAnError() throws {
        let folder = try TemporaryFolder()
        for name in ["a/1.png", "b/1.png"] { try folder.write(name, damagedInside) }
        #expect(
            datasetError { _ = try open(folder, .skip) }?.description.replacing(
                folder.path, with: "PATH")
                == "dataset.empty: 2 of 2 image files cannot be read, the first is PATH/a/1.png: the"
                + " PNG file is damaged (IDAT: incorrect data check); copy it anew or remove it")
    }

    @Test func tablesMayNameWhatIsNotThere() throws {
        let folder = try TemporaryFolder()
        for name in ["1.png", "2.png"] { try folder.write(name, image) }
        try folder.write("3.png", damagedInside)
        try folder.write(
            "t.csv", Array("filename,class\n1.png,a\n0.png,a\n3.png,b\n2.png,b\n".utf8))
        let train = try #require(try open(folder, .skip, .table, path: "/t.csv")[.train])
        #expect(names(train, folder) == ["1.png", "2.png"])
        #expect(
            train.skipped.map { $0.replacing(folder.path, with: "PATH") } == [
                "PATH/t.csv, line 3: there is no file PATH/0.png; correct the name, set"
                    + " dataset.directory to the folder that it begins in, or remove the line",
                "PATH/3.png: the PNG file is damaged (IDAT: incorrect data check); copy it anew or remove it",
            ])
        #expect(datasetError { _ = try open(folder, .stop, .table, path: "/t.csv") } != nil)
    }

    @Test func soundImagesRaiseNoAlarm() throws {
        let folder = try TemporaryFolder()
        let files = try GoldenImage.list("images.txt").map(\.path)
        for path in files {
            try folder.write("a/\(path)", try contents("\(GoldenImage.folder)/images/\(path)"))
        }
        try folder.write("b/1.png", image)
        for badFiles in DatasetConfiguration.BadFiles.allCases {
            let train = try #require(try open(folder, badFiles)[.train])
            #expect(train.count == files.count + 1 && train.skipped.isEmpty)
        }
    }

    @Test func truncationIsFoundWithoutDecodingAll() throws {
        for path in try GoldenImage.list("images.txt").map(\.path) {
            let folder = try TemporaryFolder()
            let bytes = try contents("\(GoldenImage.folder)/images/\(path)")
            try folder.write("a/1.png", image)
            for length in stride(from: 0, to: bytes.count - 2, by: 97) {
                try folder.write("a/\(path)", Array(bytes[..<length]))
                #expect(
                    datasetError { _ = try open(folder, .stop) } != nil, "\(path), \(length) bytes")
            }
        }
    }
}

@Suite struct InspectionMemoryTests {
    private func memory(_ folder: TemporaryFolder, of dataset: String = "/d") -> InspectionMemory {
        InspectionMemory(.pixels, of: dataset, in: "\(folder.path)/deep/er", worthwhile: .zero)
    }

    @Test func whatIsSavedIsKnownAsLongAsItStays() throws {
        let folder = try TemporaryFolder()
        let keys = (0..<5).map { InspectionMemory.key("/d/\($0).png", size: 10, changed: 1 << 60) }
        var first = memory(folder)
        #expect(!first.knows(keys[0]))
        first.add(keys[..<3])
        first.save()
        var second = memory(folder)
        #expect(keys.map(second.knows) == [true, true, true, false, false])
        for (size, changed) in [(11, 1 << 60), (10, 1 << 60 + 1)] {
            #expect(
                !second.knows(InspectionMemory.key("/d/0.png", size: size, changed: changed)))
        }
        #expect(!memory(folder, of: "/e").knows(keys[0]))
        second.add(keys[3...])
        second.save()
        #expect(keys.allSatisfy(memory(folder).knows))
    }

    @Test func whatIsGoneIsForgotten() throws {
        let folder = try TemporaryFolder()
        var first = memory(folder)
        first.add((0..<2000).map(UInt64.init))
        first.save()
        var second = memory(folder)
        second.add([5000])
        second.save()
        #expect(memory(folder).knows(5000) && !memory(folder).knows(7))
    }

    @Test func damageCostsNothingButTime() throws {
        let folder = try TemporaryFolder()
        var first = memory(folder)
        first.add([1, 2, 3])
        first.save()
        let files = try filesBelow(folder.path)
        #expect(files.count == 1)
        let bytes = try contents("\(folder.path)/\(files[0])")
        for damaged in [[], Array(bytes[..<7]), Array(bytes[8...]), bytes.map { ~$0 }] {
            try folder.write(files[0], damaged)
            #expect(!memory(folder).knows(1))
        }
        try folder.write(files[0], Array(bytes[..<20]))
        #expect(memory(folder).knows(1) && !memory(folder).knows(2))
        // Nowhere to write, or nowhere at all.
        var nowhere = InspectionMemory(.pixels, of: "/d", in: "/proc/none", worthwhile: .zero)
        nowhere.add([1])
        nowhere.save()
        var none = InspectionMemory(.pixels, of: "/d", in: nil, worthwhile: .zero)
        none.add([1])
        none.save()
    }

    @Test func whatIsQuickIsNotKept() throws {
        let folder = try TemporaryFolder()
        var quick = InspectionMemory(.pixels, of: "/d", in: folder.path, worthwhile: .seconds(3600))
        quick.add([1])
        quick.save()
        #expect(try filesBelow(folder.path).isEmpty)
    }

    private func filesBelow(_ path: String) throws -> [String] {
        let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return all.filter { !$0.hasSuffix("deep") && !$0.hasSuffix("er") }
    }
}
