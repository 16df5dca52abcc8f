// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct CIFARTests {
    /// Two records a file; pixel (y, x, c) of image i of file f is a function of the five.
    private func value(_ file: Int, _ image: Int, _ y: Int, _ x: Int, _ channel: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: file &* 50 &+ image &* 20 &+ y &* 7 &+ x &* 3 &+ channel &* 90)
    }

    private func records(_ file: Int) -> [UInt8] {
        (0..<2).flatMap { image -> [UInt8] in
            var record = [UInt8(file + image)]
            for channel in 0..<3 {
                for y in 0..<32 {
                    for x in 0..<32 { record.append(value(file, image, y, x, channel)) }
                }
            }
            return record
        }
    }

    private func folder(under prefix: String = "") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in 1...5 { try folder.write("\(prefix)data_batch_\(file).bin", records(file)) }
        try folder.write("\(prefix)test_batch.bin", records(6))
        return folder
    }

    private func open(
        _ folder: TemporaryFolder, _ format: DatasetConfiguration.Format = .cifar10
    ) throws -> [Partition: any Dataset] {
        try openDatasets(DatasetConfiguration(format: format, path: folder.path))
    }

    private func complaint(
        _ folder: TemporaryFolder, _ format: DatasetConfiguration.Format = .cifar10
    ) -> String? {
        datasetError { _ = try open(folder, format) }?.description
            .replacing("\(folder.path)/", with: "").replacing(folder.path, with: "PATH")
    }

    @Test(arguments: ["", "cifar-10-batches-bin/"])
    func planesBecomePixels(under prefix: String) throws {
        let train = try #require(try open(folder(under: prefix))[.train])
        #expect(train.count == 10 && train.imageShape == [32, 32, 3])
        for (i, (file, image)) in [(0, (1, 0)), (1, (1, 1)), (7, (4, 1))] {
            let pixels = try train.stored(i)
            #expect(train.label(i) == Int32(file + image))
            for (y, x) in [(0, 0), (0, 31), (17, 5), (31, 31)] {
                for channel in 0..<3 {
                    #expect(
                        pixels[(y * 32 + x) * 3 + channel] == value(file, image, y, x, channel))
                }
            }
        }
    }

    @Test func namesComeFromTheFileElseTheyAreBuiltIn() throws {
        let folder = try folder()
        #expect(try open(folder)[.train]?.classNames[9] == "truck")
        try folder.write("batches.meta.txt", Array("a\nb\nc\nd\ne\nf\ng\nh\ni\nlorry\n\n".utf8))
        #expect(try open(folder)[.test]?.classNames[9] == "lorry")
        try folder.write("batches.meta.txt", Array("a\nb\n".utf8))
        #expect(
            complaint(folder)
                == "dataset.corrupt: batches.meta.txt: 2 class names, expected 10; fetch"
                + " cifar-10-binary.tar.gz anew")
    }

    @Test func damageIsNamed() throws {
        let folder = try folder()
        var bytes = records(3)
        bytes[3073] = 10
        try folder.write("data_batch_3.bin", bytes)
        #expect(
            complaint(folder)
                == "dataset.corrupt: data_batch_3.bin: label 10 at byte 3073, expected 0 to 9; fetch"
                + " cifar-10-binary.tar.gz anew")
        try folder.write("data_batch_3.bin", Array(bytes[..<4000]))
        #expect(
            complaint(folder)
                == "dataset.truncated: data_batch_3.bin: 4000 bytes are 1 records of 3073 and 927 bytes"
                + " more, expected whole records; fetch cifar-10-binary.tar.gz anew")
        try folder.remove("data_batch_3.bin")
        #expect(
            complaint(folder)?.hasPrefix(
                "dataset.notFound: CIFAR-10 is not complete in PATH: no data_batch_3.bin there")
                == true)
        try folder.remove("data_batch_1.bin")
        try folder.write("data_batch_1", [0x80])
        #expect(
            complaint(folder)?.hasPrefix(
                "dataset.unsupported: PATH holds the Python version of CIFAR-10") == true)
    }

    // MARK: CIFAR-100

    /// A record of CIFAR-100 after its group: the record of CIFAR-10 with another label.
    private func fine(_ label: UInt8) -> [UInt8] { [19, label] + records(1)[1..<3073] }

    private func hundred(_ train: [UInt8], under prefix: String = "") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("\(prefix)train.bin", train)
        try folder.write("\(prefix)test.bin", fine(0))
        return folder
    }

    @Test(arguments: ["", "cifar-100-binary/"])
    func fineLabelsAreRead(under prefix: String) throws {
        let folder = try hundred(fine(99) + fine(5), under: prefix)
        let parts = try open(folder, .cifar100)
        let train = try #require(parts[.train])
        #expect(train.count == 2 && train.label(0) == 99 && train.label(1) == 5)
        #expect(train.classNames.count == 100 && Set(train.classNames).count == 100)
        #expect(train.classNames == train.classNames.sorted())
        #expect(train.classNames[99] == "worm" && train.classNames[5] == "bed")
        #expect(train.name(1) == "image 1 of cifar100 train")
        let ten = try #require(try open(self.folder())[.train])
        #expect(try train.stored(1) == ten.stored(0))
        #expect(parts[.test]?.count == 1)
    }

    @Test func damageToCIFAR100IsNamed() throws {
        #expect(
            complaint(try hundred(fine(1) + fine(100)), .cifar100)
                == "dataset.corrupt: train.bin: label 100 at byte 3075, expected 0 to 99; fetch"
                + " cifar-100-binary.tar.gz anew")
        for length in [0, 1, 2, 3073, 3075, 6147] {
            let cut = Array((fine(1) + fine(2))[..<length])
            #expect(
                complaint(try hundred(cut), .cifar100)?.hasPrefix(
                    "dataset.truncated: train.bin: \(length) bytes are \(length / 3074) records of"
                        + " 3074") == true)
        }
        let folder = try TemporaryFolder()
        try folder.write("train", [0x80])
        #expect(
            complaint(folder, .cifar100)?.hasPrefix(
                "dataset.unsupported: PATH holds the Python version of CIFAR-100") == true)
    }
}
