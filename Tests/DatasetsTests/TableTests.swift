// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct TableTests {
    private let image: [UInt8]

    init() throws { image = try contents("\(GoldenImage.folder)/images/rgba.png") }

    /// A folder with tables, and with images in `pictures/`.
    private func folder(_ tables: [String: String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (name, text) in tables { try folder.write(name, Array(text.utf8)) }
        for name in ["1.png", "2.png", "a, \"b\".png", "deep/3.png"] {
            try folder.write("pictures/\(name)", image)
        }
        return folder
    }

    private func open(
        _ folder: TemporaryFolder, _ name: String = "t.csv",
        _ table: DatasetConfiguration.Table? = nil,
        _ validation: DatasetConfiguration.Validation? = .disabled, split: Double = 0.5
    ) throws -> [Partition: any Dataset] {
        try openDatasets(
            DatasetConfiguration(
                format: .table, path: "\(folder.path)/\(name)", targetSize: [8, 8],
                validation: validation, validationSplit: split,
                table: table ?? .init(directory: "pictures")))
    }

    private func rows(_ dataset: (any Dataset)?, _ folder: TemporaryFolder) -> [String] {
        guard let dataset else { return [] }
        return (0..<dataset.count).map {
            dataset.name($0).replacing("\(folder.path)/pictures/", with: "") + " "
                + dataset.classNames[Int(dataset.label($0))]
        }
    }

    private func complaint(
        _ text: String, _ table: DatasetConfiguration.Table? = nil
    ) throws -> String? {
        let folder = try folder(["t.csv": text])
        return datasetError { _ = try open(folder, "t.csv", table) }?.description
            .replacing(folder.path, with: "PATH")
    }

    @Test func rowsKeepTheirOrderAndClassesSort() throws {
        let folder = try folder(["t.csv": "filename,class\n2.png,rose\n1.png,daisy\n2.png,10\n"])
        let train = try #require(try open(folder)[.train])
        #expect(train.classNames == ["10", "daisy", "rose"])
        #expect(rows(train, folder) == ["2.png rose", "1.png daisy", "2.png 10"])
        #expect(train.summary == "Found 3 images belonging to 3 classes.")
        #expect(try train.stored(0) == image && train.encoding == .file)
    }

    @Test func imagesMayHaveWeights() throws {
        var table = DatasetConfiguration.Table(directory: "pictures")
        table.weightCol = "w"
        func dataset(_ weight: String) throws -> any Dataset {
            let folder = try folder(["t.csv": "filename,class,w\n1.png,x,2.5\n2.png,y,\(weight)\n"])
            return try #require(try open(folder, "t.csv", table)[.train])
        }
        let found = try dataset("0")
        #expect(found.weight(0) == 2.5 && found.weight(1) == 0 && found.numbers(0) == [2.5])
        #expect(try dataset("1").fingerprint != found.fingerprint)
        #expect(
            try complaint("filename,class,w\n1.png,x,1\n2.png,x,-1\n", table)
                == "dataset.mismatch: PATH/t.csv, line 3: the weight '-1', expected a number from 0 to 1000000; correct it"
                + " or remove the line")
    }

    @Test func quotesMarksAndLineEndsAreThoseOfTheStandard() throws {
        let text =
            "\u{FEFF}note,label,\"file\"\r\n\"two\r\nlines\",x,\"a, \"\"b\"\".png\"\r\n\r\n,\"y\",1.png"
        let folder = try folder(["t.csv": text])
        let table = DatasetConfiguration.Table(xCol: "file", yCol: "label", directory: "pictures")
        #expect(
            rows(try open(folder, "t.csv", table)[.train], folder) == ["a, \"b\".png x", "1.png y"])
    }

    @Test func tabsSeparateATSV() throws {
        let folder = try folder(["t.tsv": "class\tfilename\na, b\tdeep/3.png\n"])
        #expect(rows(try open(folder, "t.tsv")[.train], folder) == ["deep/3.png a, b"])
    }

    @Test func filesAreFoundFromTheTableFromTheDirectoryOrAnywhere() throws {
        let folder = try folder(["t.csv": "filename,class\npictures/1.png,a\n"])
        #expect(rows(try open(folder, "t.csv", .init())[.train], folder) == ["1.png a"])
        try folder.write("t.csv", Array("filename,class\n1.png,a\n".utf8))
        let absolute = DatasetConfiguration.Table(directory: "\(folder.path)/pictures")
        #expect(rows(try open(folder, "t.csv", absolute)[.train], folder) == ["1.png a"])
        let named = "filename,class\n\(folder.path)/pictures/1.png,a\n"
        try folder.write("t.csv", Array(named.utf8))
        #expect(rows(try open(folder)[.train], folder) == ["1.png a"])
    }

    @Test func splitHoldsOutTheFirstOfEachClass() throws {
        let text = "filename,class\n1.png,a\n2.png,a\n1.png,b\n2.png,b\n"
        let folder = try folder(["t.csv": text])
        let parts = try open(folder, "t.csv", nil, nil)
        #expect(rows(parts[.validation], folder) == ["1.png a", "1.png b"])
        #expect(rows(parts[.train], folder) == ["2.png a", "2.png b"])
    }

    @Test func tablesBesideEachOtherAreTheParts() throws {
        let folder = try folder([
            "train.csv": "filename,class\n1.png,a\n2.png,b\n",
            "val.tsv": "filename\tclass\n2.png\tb\n",
            "test.csv": "filename,class\n1.png,c\n",
        ])
        #expect(
            datasetError { _ = try open(folder, "", nil, .test) }?.detail.hasSuffix(
                "test.csv, line 2: the label 'c' is none of the classes a, b; correct it or remove the"
                    + " line") == true)
        try folder.write("test.csv", Array("filename,class\n1.png,a\n".utf8))
        let parts = try open(folder, "", nil, .test)
        #expect(parts[.train]?.count == 2 && parts[.test]?.label(0) == 0)
        #expect(parts[.validation]?.label(0) == 1)
    }

    @Test(arguments: [
        ("", "dataset.empty: PATH/t.csv: has no line; expected the names of the columns"),
        ("filename,class\n", "dataset.empty: PATH/t.csv: names its columns but no image"),
        (
            "name,class\n1.png,a\n",
            "dataset.notFound: PATH/t.csv: no column 'filename' in 'name', 'class'; set dataset.x_col"
                + " to the name of one column"
        ),
        (
            "filename,class,class\n1.png,a,b\n",
            "dataset.mismatch: PATH/t.csv: 2 columns 'class' in 'filename', 'class', 'class'; set"
                + " dataset.y_col"
        ),
        (
            "filename,class\n1.png,a\n\n9.png,a\n",
            "dataset.notFound: PATH/t.csv, line 4: there is no file PATH/pictures/9.png; correct the"
                + " name, set dataset.directory"
        ),
        (
            "filename,class\n1.png,\n",
            "dataset.mismatch: PATH/t.csv, line 2: no label in column 'class'; write one"
        ),
        ("filename,class\n,a\n", "dataset.notFound: PATH/t.csv, line 2: no file name"),
        (
            "filename,class\n../t.csv,a\n",
            "dataset.unsupported: PATH/t.csv, line 2: the file name '../t.csv' leads out of its folder"
        ),
        ("filename,class\ndeep,a\n", "dataset.notFound: PATH/t.csv, line 2: there is no file"),
        (
            "filename,class\n1.png,a\n1.png,a,b\n",
            "dataset.corrupt: PATH/t.csv, line 3: 3 fields, the first line has 2; put a field"
        ),
        (
            "filename,class\n1\"2.png,a\n",
            "dataset.corrupt: PATH/t.csv, line 2: a quote stands inside a field"
        ),
        (
            "filename,class\n\"1\n.png\"x,a\n",
            "dataset.corrupt: PATH/t.csv, line 3: something stands after a closing quote"
        ),
        (
            "filename,class\n1.png,\"a\n2.png,b\n",
            "dataset.truncated: PATH/t.csv, line 2: a quote opens and never closes"
        ),
        (
            "filename,class\n1.png,a\0\n",
            "dataset.corrupt: PATH/t.csv, line 2: is not text in UTF-8"
        ),
    ])
    func mistakesAreNamedWithTheirLines(text: String, message: String) throws {
        let error = try #require(try complaint(text))
        #expect(error.hasPrefix(message), "\(error)")
    }

    @Test func chosenClassesLeaveOthersOut() throws {
        let folder = try folder(["t.csv": "filename,class\n1.png,a\n2.png,b\n9.png,c\n2.png,a\n"])
        let parts = try openDatasets(
            DatasetConfiguration(
                format: .table, path: "\(folder.path)/t.csv", validation: .disabled,
                classes: ["b", "a"], table: .init(directory: "pictures")))
        #expect(rows(parts[.train], folder) == ["1.png a", "2.png b", "2.png a"])
        #expect(parts[.train]?.label(0) == 1)
    }

    @Test func aMissingTableIsNamed() throws {
        let folder = try TemporaryFolder()
        #expect(
            datasetError { _ = try open(folder, "no.csv") }?.detail.hasSuffix(
                "no.csv: is no table, nor a folder that holds train.csv or train.tsv; set dataset.path"
                    + " to a CSV or TSV file") == true)
    }

    /// Whatever the bytes: a data set or a sentence that names the table.
    @Test func noBytesDoHarm() throws {
        let sound = Array("filename,\"cl\"\"ass\"\r\n1.png,\"a\"\n2.png,b\n".utf8)
        var random = SplitMix(state: 11)
        let folder = try folder([:])
        var files = (0...sound.count).map { Array(sound[..<$0]) }
        for _ in 0..<300 {
            var bytes = sound
            for _ in 0..<3 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 255)
            }
            files.append(bytes)
            files.append((0..<64).map { _ in UInt8(random.next() & 255) })
        }
        let table = DatasetConfiguration.Table(yCol: "cl\"ass", directory: "pictures")
        for bytes in files {
            try folder.write("t.csv", bytes)
            do {
                _ = try open(folder, "t.csv", table)
            } catch let error as DatasetError {
                #expect(error.detail.contains("/t.csv"), "\(error)")
            }
        }
    }

    private func raw(
        _ folder: TemporaryFolder, _ columns: [String], _ name: String = "t.csv",
        badFiles: DatasetConfiguration.BadFiles = .stop
    ) throws -> [Partition: any Dataset] {
        try openDatasets(
            DatasetConfiguration(
                format: .table, path: "\(folder.path)/\(name)", targetSize: [8, 8],
                validation: .disabled, classMode: .raw, badFiles: badFiles,
                table: .init(yCols: columns, directory: "pictures")))
    }

    @Test func numbersOfSeveralColumnsAreTargets() throws {
        let folder = try folder([
            "t.csv": "filename,size,price\n2.png,3,1e-3\n1.png,-4.5,0.25\n"
        ])
        let train = try #require(try raw(folder, ["price", "size"])[.train])
        #expect(train.classNames == ["price", "size"])
        #expect(train.targets(0) == [0.001, 3] && train.targets(1) == [0.25, -4.5])
        #expect(train.label(0) == 0 && train.label(1) == 0)
        #expect(train.answer(1) == "price 0.25 size -4.5")
        #expect(train.summary == "Found 2 images with 2 numbers each.")
        let one = try #require(try raw(folder, ["size"])[.train])
        #expect(one.targets(1) == [-4.5] && one.summary == "Found 2 images with 1 number each.")
        #expect(one.fingerprint != train.fingerprint)
        // Classes have none.
        let classes = try open(folder, "t.csv", .init(yCol: "size", directory: "pictures"))
        #expect(classes[.train]?.targets(0) == [])
    }

    @Test func targetsArePartOfTheFingerprint() throws {
        let (first, second) = ("filename,y\n2.png,3\n", "filename,y\n2.png,4\n")
        let folder = try folder(["a.csv": first, "b.csv": second, "c.csv": first])
        let digests = try ["a", "b", "c"].map {
            try raw(folder, ["y"], "\($0).csv")[.train]?.fingerprint
        }
        #expect(digests[0] != digests[1] && digests[0] == digests[2])
    }

    @Test(arguments: ["", "abc", "1,5", "nan", "inf", "0x", "1 "])
    func whatIsNoNumberIsNamed(field: String) throws {
        let folder = try folder(["t.csv": "filename,y\n2.png,3\n1.png,\"\(field)\"\n"])
        #expect(
            datasetError { _ = try raw(folder, ["y"]) }?.detail.replacing(folder.path, with: "PATH")
                == "PATH/t.csv, line 3: '\(field)' in column 'y' is no number; correct it, remove the"
                + " line, or set class_mode to sparse for classes")
    }

    @Test func aMissingFileIsSkippedWithItsNumbers() throws {
        let folder = try folder(["t.csv": "filename,y\nnone.png,3\n1.png,5\n"])
        #expect(datasetError { _ = try raw(folder, ["y"]) }?.code == .notFound)
        let train = try #require(try raw(folder, ["y"], badFiles: .skip)[.train])
        #expect(train.count == 1 && train.targets(0) == [5] && train.skipped.count == 1)
    }
}
