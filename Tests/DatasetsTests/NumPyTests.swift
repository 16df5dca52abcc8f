// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Testing

@Suite struct NumPyTests {
    /// A .npy file as NumPy writes it.
    static func npy(
        _ shape: [Int], _ elements: [UInt8], descr: String = "|u1", fortran: Bool = false
    ) -> [UInt8] {
        let list = shape.map { "\($0), " }.joined()
        var header = "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), "
        header += "'shape': (\(list)), }"
        while (header.utf8.count + 11) % 64 != 0 { header += " " }
        let count = header.utf8.count + 1
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)]
            + Array("\(header)\n".utf8) + elements
    }

    private static let pixels = (0..<4 * 6).map { UInt8($0 * 9) }
    private static let images = npy([4, 2, 3], pixels)
    private static let labels = npy([4], [2, 0, 1, 2])

    private func open(
        _ path: String, _ validation: DatasetConfiguration.Validation? = .disabled,
        classes: [String] = []
    ) throws -> [Partition: any Dataset] {
        try openDatasets(
            DatasetConfiguration(
                format: .npy, path: path, validation: validation, validationSplit: 0.25,
                classes: classes))
    }

    private func folder(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (name, bytes) in files { try folder.write("\(name).npy", bytes) }
        return folder
    }

    private func complaint(_ files: [String: [UInt8]]) throws -> String? {
        let folder = try folder(files)
        return datasetError { _ = try open(folder.path) }?.description
            .replacing(folder.path, with: "PATH")
    }

    /// Made by `numpy.savez` and `numpy.savez_compressed`; `make_goldens.py` says of what.
    @Test(arguments: ["arrays.npz", "compressed.npz"]) func archivesOfNumPyAreRead(name: String)
        throws
    {
        let parts = try open("\(GoldenImage.folder)/\(name)", .auto)
        let train = try #require(parts[.train]), test = try #require(parts[.test])
        #expect(train.count == 5 && train.imageShape == [3, 2, 3] && train.encoding == .pixels)
        #expect(train.classNames == (0...7).map(String.init))
        for i in 0..<5 {
            #expect(try train.stored(i) == (0..<18).map { UInt8(truncatingIfNeeded: i * 18 + $0) })
            #expect(train.label(i) == Int32(i))
        }
        #expect(test.count == 2 && test.label(1) == 7 && parts[.validation]?.count == 2)
        #expect(train.name(3) == "image 3 of npy train")
    }

    /// Of any type; images without an array of their own count 1.
    @Test func imagesMayHaveWeights() throws {
        func weights(_ bytes: [UInt8]?, descr: String = "<f4") throws -> [Partition: any Dataset] {
            var files = ["x_train": Self.images, "y_train": Self.labels]
            (files["x_test"], files["y_test"]) = (Self.images, Self.labels)
            files["sample_weight_train"] = bytes.map { Self.npy([4], $0, descr: descr) }
            let folder = try folder(files)
            var configuration = DatasetConfiguration(format: .npy, path: folder.path)
            configuration.sampleWeight = true
            return try openDatasets(configuration)
        }
        let numbers: [Float] = [0, 2.5, 1, 0.125]
        let single = numbers.flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) }
        }
        let wide = numbers.flatMap { number in
            (0..<8).map {
                UInt8(truncatingIfNeeded: Double(number).bitPattern >> UInt64(56 - 8 * $0))
            }
        }
        let parts = try weights(single), other = try weights(wide, descr: ">f8")
        for set in [parts, other] {
            let train = try #require(set[.train]), test = try #require(set[.test])
            #expect((0..<4).map { train.weight($0) } == numbers)
            #expect((0..<4).map { test.weight($0) } == [1, 1, 1, 1])
        }
        #expect(parts[.train]?.fingerprint == other[.train]?.fingerprint)
        #expect(
            try weights([0, 3, 1, 2], descr: "|u1")[.train]?.fingerprint
                != parts[.train]?.fingerprint)
        let missing = datasetError { _ = try weights(nil) }?.detail
        #expect(
            missing?.hasSuffix(
                "dataset.sample_weight is true, but there is no sample_weight_train; add the array, or"
                    + " leave the field out") == true)
        let negative = datasetError { _ = try weights([0, 3, 255, 2], descr: "|i1") }?.detail
        #expect(negative?.contains("weight -1.0 of image 2, expected a number from 0") == true)
    }

    @Test func greyArraysInAFolderAreRead() throws {
        for names in [("x_train", "y_train"), ("images", "labels"), ("x", "y")] {
            let folder = try folder([names.0: Self.images, names.1: Self.labels])
            let parts = try open(folder.path, .auto, classes: ["a", "b", "c"])
            let train = try #require(parts[.train])
            #expect(train.imageShape == [2, 3, 1] && train.classNames == ["a", "b", "c"])
            #expect(try train.stored(2) == Array(Self.pixels[12..<18]) && train.label(2) == 1)
            #expect(train.count == 3 && parts[.validation]?.label(0) == 2 && parts[.test] == nil)
        }
    }

    @Test(
        arguments: [
            ("|i1", [2, 0, 1, 2]), ("<u2", [2, 0, 0, 0, 1, 0, 2, 0]),
            (">i2", [0, 2, 0, 0, 0, 1, 0, 2]),
            ("<i8", [2, 0, 1, 2].flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] }),
            (">u4", [2, 0, 1, 2].flatMap { [0, 0, 0, $0] }),
        ] as [(String, [UInt8])])
    func labelsAreWholeNumbersOfAnyType(descr: String, bytes: [UInt8]) throws {
        let labels = Self.npy([4, 1], bytes, descr: descr)
        let folder = try folder(["x_train": Self.images, "y_train": labels])
        let train = try #require(try open(folder.path)[.train])
        #expect((0..<4).map { train.label($0) } == [2, 0, 1, 2])
    }

    @Test func mistakesAreNamed() throws {
        #expect(
            try complaint(["x_train": Self.images])
                == "dataset.notFound: PATH: has x_train, but no y_train; name them x_train and y_train"
                + " (or images and labels), for a test set x_test and y_test")
        #expect(
            try complaint(["pictures": Self.images])?.hasPrefix(
                "dataset.notFound: PATH: has no images and labels to train on among pictures.npy;")
                == true)
        let cases: [(x: [UInt8], y: [UInt8], message: String)] = [
            (
                Self.npy([4, 2, 3], Self.pixels, fortran: true), Self.labels,
                "dataset.unsupported: PATH/x_train.npy: is in Fortran order; save"
            ),
            (
                Self.npy([4, 2, 3], Self.pixels, descr: "<f4"), Self.labels,
                "dataset.unsupported: PATH/x_train.npy: has elements of type '<f4', only whole numbers"
            ),
            (
                Self.npy([4, 3, 2], Self.pixels + Self.pixels, descr: "<i2"), Self.labels,
                "dataset.unsupported: PATH/x_train.npy: has the shape [4, 3, 2] of '<i2', expected"
            ),
            (
                Self.npy([1, 1, 2, 12], Self.pixels), Self.labels,
                "dataset.unsupported: PATH/x_train.npy: has the shape [1, 1, 2, 12] of '|u1'"
            ),
            (
                Self.images, Self.npy([3], [0, 1, 2]),
                "dataset.mismatch: PATH/y_train.npy: has the shape [3], expected a label for each of the"
                    + " 4 images"
            ),
            (
                Self.images, Self.npy([4], [0, 1, 255, 2], descr: "|i1"),
                "dataset.corrupt: PATH/y_train.npy: label -1 of image 2, expected 0 to 255"
            ),
            (
                Self.npy([400, 2, 3], Self.pixels), Self.labels,
                "dataset.truncated: PATH/x_train.npy: shape (400, 2, 3, ) of '|u1' takes 2400 bytes, 24"
                    + " follow the header"
            ),
            (
                Self.npy([1 << 62, 1 << 62, 3], []), Self.labels,
                "dataset.corrupt: PATH/x_train.npy: shape (4611686018427387904, "
            ),
            (
                Self.images + [0], Self.labels,
                "dataset.corrupt: PATH/x_train.npy: shape (4, 2, 3, )"
            ),
            ([], Self.labels, "dataset.corrupt: PATH/x_train.npy: 0 bytes that begin with []"),
        ]
        for (x, y, message) in cases {
            let error = try #require(try complaint(["x_train": x, "y_train": y]))
            #expect(error.hasPrefix(message), "\(error)")
        }
        let folder = try folder(["x_train": Self.images, "y_train": Self.labels])
        #expect(
            datasetError { _ = try open(folder.path, classes: ["a", "b"]) }?.detail.hasSuffix(
                "has the label 2, dataset.classes names 2 classes; name 3, in the order of their"
                    + " labels") == true)
        #expect(
            datasetError { _ = try open(folder.path, .test) }?.detail.hasSuffix(
                "came with neither validation nor test images; set validation to split or none")
                == true)
        try folder.write("x_test.npy", Self.npy([1, 3, 2], Array(Self.pixels[..<6])))
        try folder.write("y_test.npy", Self.npy([1], [0]))
        #expect(
            datasetError { _ = try open(folder.path) }?.detail.contains(
                "x_test.npy: images of (3, 2, 1), those of") == true)
    }

    @Test func imagesLongerThanAnyAreRefused() throws {
        let complaint = try complaint([
            "x_train": Self.npy([1, 8193, 1], Array(repeating: 0, count: 8193)),
            "y_train": Self.npy([1], [0]),
        ])
        #expect(complaint?.contains("expected sides of at most 8192 pixels") == true)
        let files = [
            "x_train": Self.npy([1, 1, 8192], Array(repeating: 0, count: 8192)),
            "y_train": Self.npy([1], [0]),
        ]
        #expect(try self.complaint(files) == nil)
    }

    @Test func everyTruncationIsNamed() throws {
        for length in 0..<Self.images.count {
            let error = try #require(
                try complaint(["x_train": Array(Self.images[..<length]), "y_train": Self.labels]))
            #expect(error.contains("PATH/x_train.npy: "), "\(length): \(error)")
        }
        for name in ["arrays.npz", "compressed.npz"] {
            let sound = try contents("\(GoldenImage.folder)/\(name)")
            let folder = try TemporaryFolder()
            for length in 0..<sound.count {
                try folder.write("a.npz", Array(sound[..<length]))
                let error = datasetError { _ = try open("\(folder.path)/a.npz") }
                #expect(error?.detail.contains("/a.npz") == true, "\(length)")
            }
        }
    }

    /// Whatever the bytes: a data set or a sentence that names the file.
    @Test func noBytesDoHarm() throws {
        var random = SplitMix(state: 5)
        let folder = try TemporaryFolder()
        try folder.write("y_train.npy", Self.labels)
        let archives = try ["arrays.npz", "compressed.npz"].map {
            try contents("\(GoldenImage.folder)/\($0)")
        }
        for round in 0..<600 {
            let isArchive = round % 3 != 0
            var bytes = isArchive ? archives[round % 2] : Self.images
            for _ in 0...(round % 5) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 255)
            }
            try folder.write(isArchive ? "a.npz" : "x_train.npy", bytes)
            do {
                _ = try open(isArchive ? "\(folder.path)/a.npz" : folder.path)
            } catch let error as DatasetError {
                #expect(error.detail.contains(folder.path), "\(error)")
            }
        }
    }

    /// A member that claims four gigabytes in a few bytes is refused before memory is taken.
    @Test func aBombIsRefused() throws {
        var bytes = try contents("\(GoldenImage.folder)/compressed.npz")
        let mark: [UInt8] = [0x50, 0x4B, 0x01, 0x02]
        let entry = try #require(
            (0..<bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == mark })
        bytes.replaceSubrange(entry + 24..<entry + 28, with: [0xFE, 0xFF, 0xFF, 0xFF])
        let folder = try TemporaryFolder()
        try folder.write("a.npz", bytes)
        #expect(
            datasetError { _ = try open("\(folder.path)/a.npz") }?.detail.contains(
                "said to have 4294967294 bytes in") == true)
    }
}
