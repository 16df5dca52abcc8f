// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct CIFAR10Tests {
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

    private func open(_ folder: TemporaryFolder) throws -> [Partition: any Dataset] {
        try openDatasets(DatasetConfiguration(format: .cifar10, path: folder.path))
    }

    private func complaint(_ folder: TemporaryFolder) -> String? {
        datasetError { _ = try open(folder) }?.description
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
}
