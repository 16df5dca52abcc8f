// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct IDXTests {
    private static let names = [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]
    private static let pixels = (0..<12 * 784).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    private static let images = idx([12, 28, 28], pixels)
    private static let labels = idx([12], (0..<12).map { $0 % 10 })

    /// Twelve images, plain, and gzipped where asked.
    private func folder(gzip: Bool = false) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in Self.names {
            let bytes = name.contains("images") ? Self.images : Self.labels
            try folder.write(gzip ? name + ".gz" : name, gzip ? gzipped(bytes) : bytes)
        }
        return folder
    }

    private func open(
        _ folder: TemporaryFolder, _ validation: DatasetConfiguration.Validation = .test,
        _ split: Double = 0.2
    ) throws -> [Partition: any Dataset] {
        try openDatasets(
            DatasetConfiguration(
                format: .mnist, path: folder.path, validation: validation, validationSplit: split))
    }

    /// What is said of a set whose file `name` holds `bytes`, without the folder's path.
    private func complaint(_ name: String, _ bytes: [UInt8]) throws -> String? {
        let folder = try folder()
        try folder.write(name, bytes)
        if name.hasSuffix(".gz") { try folder.remove(String(name.dropLast(3))) }
        return datasetError { _ = try open(folder) }?.description
            .replacing("\(folder.path)/", with: "")
    }

    @Test(arguments: [false, true]) func imagesAndLabelsAreRead(gzip: Bool) throws {
        let train = try #require(try open(folder(gzip: gzip))[.train])
        #expect(train.summary == "Found 12 images belonging to 10 classes.")
        #expect(train.imageShape == [28, 28, 1] && train.encoding == .pixels)
        for i in 0..<12 {
            #expect(try train.stored(i) == Array(Self.pixels[i * 784..<(i + 1) * 784]))
            #expect(train.label(i) == Int32(i % 10))
        }
        #expect(train.name(3) == "image 3 of mnist train")
    }

    @Test func fingerprintIsThatOfTheContents() throws {
        let plain = try open(folder()), zipped = try open(folder(gzip: true))
        #expect(plain[.train]?.fingerprint == zipped[.train]?.fingerprint)
        let changed = try folder()
        var images = Self.images
        images[5000] ^= 1
        try changed.write(Self.names[0], images)
        #expect(try open(changed)[.train]?.fingerprint != plain[.train]?.fingerprint)
        #expect(try open(changed)[.test]?.fingerprint == plain[.test]?.fingerprint)
    }

    @Test func splitHoldsOutTheLastAsKerasFitDoes() throws {
        let folder = try folder()
        let parts = try open(folder, .split, 0.3)
        #expect(parts[.train]?.count == 8 && parts[.validation]?.count == 4)
        #expect(try parts[.validation]?.stored(0) == Array(Self.pixels[8 * 784..<9 * 784]))
        #expect(parts[.validation]?.label(1) == 9)
        #expect(parts[.test]?.count == 12)
        #expect(try open(folder, .disabled)[.validation] == nil)
        #expect(try open(folder)[.validation]?.count == 12)
        #expect(
            datasetError { _ = try open(folder, .split, 0) }?.description
                == "dataset.empty: validation_split 0.0 of 12 images leaves none to validate with;"
                + " change it, or set validation to test or none")
    }

    @Test func missingSetSaysHowToGetIt() throws {
        let nowhere = DatasetConfiguration(format: .fashionMNIST, path: "/nowhere")
        #expect(
            datasetError { _ = try openDatasets(nowhere) }?.description
                == "dataset.notFound: fashion-mnist is not in /nowhere: no train-images-idx3-ubyte nor"
                + " train-images-idx3-ubyte.gz there; apt-get install --reinstall"
                + " dataset-fashion-mnist, or set dataset.path, or use --dataset shapes, which needs no"
                + " files")
    }

    @Test func wrongMarkIsNamed() throws {
        var images = Self.images
        images[2] = 9
        #expect(
            try complaint(Self.names[0], images)
                == "dataset.corrupt: train-images-idx3-ubyte: found 0x00000903 at byte 0, expected"
                + " 0x00000803, the mark of an IDX file of bytes in 3 dimensions; fetch the file anew"
                + " from the MNIST distribution")
        #expect(try complaint(Self.names[1], images)?.contains("0x00000801") == true)
    }

    @Test func wrongDimensionsAreNamed() throws {
        let huge = idx([0x7FFF_FFFF, 0x7FFF_FFFF, 0x7FFF_FFFF], [])
        #expect(
            try complaint(Self.names[0], huge)?
                .contains("dimensions [2147483647, 2147483647, 2147483647] at byte 4") == true)
        #expect(
            try complaint(Self.names[0], idx([1000, 28, 28], Self.pixels))?
                .contains("has 1000 images, train-labels-idx1-ubyte 12 labels") == true)
        #expect(
            try complaint(Self.names[0], idx([12, 14, 56], Self.pixels))?
                .contains("images of 14 x 56") == true)
        #expect(try complaint(Self.names[1], idx([0], []))?.contains("dimensions [0]") == true)
    }

    @Test func wrongLabelIsNamed() throws {
        #expect(
            try complaint(Self.names[1], idx([12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1]))
                == "dataset.corrupt: train-labels-idx1-ubyte: label 10 at byte 18 of the contents,"
                + " expected 0 to 9; fetch the file anew from the MNIST distribution")
    }

    @Test func excessIsNamed() throws {
        #expect(
            try complaint(Self.names[0], Self.images + [1])?
                .contains("goes on after its last item") == true)
    }

    @Test func everyTruncationIsNamed() throws {
        for length in [0, 1, 3, 4, 15, 16, 17, 1000, Self.images.count - 1] {
            let error = try #require(try complaint(Self.names[0], Array(Self.images[..<length])))
            #expect(
                error.hasPrefix("dataset.truncated: train-images-idx3-ubyte: ends after"),
                "\(error)")
        }
        let zipped = try gzipped(Self.images)
        for length in [2, 9, 10, 11, 100, zipped.count / 2, zipped.count - 9, zipped.count - 8] {
            let error = try #require(try complaint(Self.names[0] + ".gz", Array(zipped[..<length])))
            #expect(error.contains("train-images-idx3-ubyte.gz: "), "\(error)")
        }
    }

    @Test func everyFlippedByteOfAGzipStreamIsFoundOrHarmless() throws {
        let zipped = try gzipped(Self.images)
        let sound = try open(folder())[.train]?.fingerprint
        let folder = try folder()
        try folder.remove(Self.names[0])
        for place in stride(from: 0, to: zipped.count, by: max(1, zipped.count / 150)) {
            var bytes = zipped
            bytes[place] ^= 0x55
            try folder.write(Self.names[0] + ".gz", bytes)
            // Either an error, or the flip was in the header's time or name and changed nothing.
            let outcome = Result { try open(folder)[.train]?.fingerprint }
            if case .success(let fingerprint) = outcome { #expect(fingerprint == sound) }
        }
    }

    // MARK: EMNIST

    /// EMNIST of twelve images, the labels from 1 up.
    private func emnist(_ split: String, labels: [UInt8], under prefix: String = "") throws
        -> TemporaryFolder
    {
        let folder = try TemporaryFolder()
        for part in ["train", "test"] {
            let stem = "\(prefix)emnist-\(split)-\(part)"
            try folder.write("\(stem)-images-idx3-ubyte.gz", gzipped(Self.images))
            try folder.write("\(stem)-labels-idx1-ubyte.gz", gzipped(idx([12], labels)))
        }
        return folder
    }

    private func open(_ format: DatasetConfiguration.Format, _ folder: TemporaryFolder) throws
        -> [Partition: any Dataset]
    {
        try openDatasets(DatasetConfiguration(format: format, path: folder.path))
    }

    @Test(arguments: ["", "gzip/"])
    func lettersStandUprightAndBeginWithZero(under prefix: String) throws {
        let folder = try emnist("letters", labels: Array(15...26), under: prefix)
        let train = try #require(try open(.emnistLetters, folder)[.train])
        #expect(train.summary == "Found 12 images belonging to 26 classes.")
        #expect(train.label(0) == 14 && train.classNames[14] == "O" && train.label(11) == 25)
        for i in [0, 11] {
            let (pixels, source) = (try train.stored(i), Self.pixels[(i * 784)...].prefix(784))
            for (y, x) in [(0, 0), (0, 27), (27, 0), (3, 19)] {
                #expect(pixels[y * 28 + x] == source[source.startIndex + x * 28 + y])
            }
        }
        #expect(train.name(3) == "image 3 of emnist-letters train")
    }

    @Test func everySplitOfEMNISTHasItsClasses() throws {
        let splits: [(DatasetConfiguration.Format, String, [Int: String])] = [
            (.emnistBalanced, "balanced", [0: "0", 10: "A", 36: "a", 46: "t"]),
            (.emnistByClass, "byclass", [9: "9", 35: "Z", 36: "a", 61: "z"]),
            (.emnistByMerge, "bymerge", [46: "t"]), (.emnistDigits, "digits", [9: "9"]),
            (.emnistMNIST, "mnist", [9: "9"]),
        ]
        for (format, split, names) in splits {
            let parts = try open(format, emnist(split, labels: (0..<12).map { $0 % 10 }))
            let test = try #require(parts[.test])
            #expect(test.classNames.count == format.classCount)
            for (label, name) in names { #expect(test.classNames[label] == name) }
        }
    }

    @Test(arguments: [UInt8(0), 27, 255]) func aLetterThatIsNoneIsNamed(label: UInt8) throws {
        let folder = try emnist("letters", labels: Array(1...11) + [label])
        let error = datasetError { _ = try open(.emnistLetters, folder) }?.description
        #expect(
            error?.hasSuffix(
                "emnist-letters-train-labels-idx1-ubyte.gz: label \(label) at byte 19 of the contents,"
                    + " expected 1 to 26; unpack the file anew from EMNIST's gzip.zip") == true)
    }
}
