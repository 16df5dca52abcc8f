// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Testing

@Suite struct DatasetPackTests {
    private let image: [UInt8]

    init() throws { image = try contents("\(GoldenImage.folder)/images/rgba.png") }

    /// Seven images of a and four of b; a name of 100 bytes, one of more with and without a place to cut.
    private func source(_ part: String = "") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let root = "source/\(part)"
        for i in 0..<7 {
            try folder.write("\(root)a/\(i).png", image + [UInt8](repeating: 7, count: 100 * i))
        }
        let long = String(repeating: "x", count: 94 - part.utf8.count)
        for (name, byte) in [
            ("\(long).png", 1), (String(repeating: "ü", count: 60) + ".png", 2),
            ("\(String(repeating: "d", count: 90))/\(long).png", 3),
            (String(repeating: "y", count: 180) + ".PNG", 4),
        ] { try folder.write("\(root)b/\(name)", image + [UInt8(byte)]) }
        return folder
    }

    private func pack(_ folder: TemporaryFolder, _ limits: DatasetPack.Limits?) throws -> [String] {
        let pack = try DatasetPack(source: "\(folder.path)/source", limits: limits)
        let name = try #require(NumberedName("\(folder.path)/out/s-%03d.tar"))
        let files = pack.archives.indices.map { name[$0] }
        try pack.write(to: files)
        return files
    }

    private func open(_ format: DatasetConfiguration.Format, _ path: String) throws -> [Partition:
        any Dataset]
    {
        try openDatasets(
            DatasetConfiguration(
                format: format, path: path, targetSize: [8, 8], validation: .disabled))
    }

    @Test(arguments: ["", "train/"])
    func whatIsPackedIsReadAsTheFolderIs(part: String) throws {
        let folder = try source(part)
        if !part.isEmpty { try folder.write("source/test/b/0.png", image + [9]) }
        let plain = try open(.folder, "\(folder.path)/source")
        let files = try pack(folder, .init(images: 4))
        #expect(files.count == 3 && files[1].hasSuffix("/out/s-001.tar"))
        let packed = try open(.tar, "\(folder.path)/out")
        #expect(packed.keys == plain.keys)
        for (part, dataset) in plain {
            let same = try #require(packed[part])
            #expect(same.classNames == dataset.classNames && same.count == dataset.count)
            for index in 0..<dataset.count {
                #expect(same.label(index) == dataset.label(index))
                #expect(try same.stored(index) == dataset.stored(index))
                let tail = dataset.name(index).dropFirst("\(folder.path)/source/".count)
                #expect(same.name(index).hasSuffix(".tar:\(tail)"))
            }
        }
    }

    /// `tar` itself finds every name and every byte.
    @Test func theArchivesAreThoseOfTar() throws {
        let folder = try source()
        let files = try pack(folder, nil)
        #expect(files.count == 1)
        try folder.write("there/x", [])
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-xf", files[0], "-C", "\(folder.path)/there"]
        try tar.run()
        tar.waitUntilExit()
        try #require(tar.terminationStatus == 0)
        let plain = try #require(try open(.folder, "\(folder.path)/source")[.train])
        for index in 0..<plain.count {
            let path = plain.name(index)
            let unpacked = path.replacing("/source/", with: "/there/")
            #expect(try contents(unpacked) == plain.stored(index), "\(path)")
        }
    }

    @Test func equalFoldersMakeEqualArchives() throws {
        let (first, second) = (try source(), try source())
        let (a, b) = (try pack(first, .init(images: 5)), try pack(second, .init(images: 5)))
        #expect(a.count == 3 && b.count == 3)
        for (a, b) in zip(a, b) { #expect(try contents(a) == contents(b)) }
    }

    @Test func anArchiveIsFullByImagesOrByBytes() throws {
        let folder = try source()
        func counts(_ limits: DatasetPack.Limits?) throws -> [Int] {
            try DatasetPack(source: "\(folder.path)/source", limits: limits).archives.map(\.count)
        }
        #expect(try counts(nil) == [11])
        #expect(try counts(.init(images: 4)) == [4, 4, 3])
        // Each image is smaller than a KiB but takes a header, too; none is too large for an archive.
        #expect(try counts(.init(bytes: 1)) == Array(repeating: 1, count: 11))
        let five = try counts(.init(bytes: 1024 + 5 * 1536))
        #expect(five.reduce(0, +) == 11 && five.count > 2)
        for (number, file) in try pack(folder, .init(bytes: 8192)).enumerated() {
            #expect(try contents(file).count <= 8192, "\(number)")
        }
    }

    @Test func mistakesAreNamed() throws {
        let folder = try source()
        func complaint(_ body: () throws -> Void) -> String? {
            datasetError(body)?.description.replacing(folder.path, with: "PATH")
        }
        _ = try pack(folder, nil)
        #expect(
            complaint { _ = try pack(folder, .init(images: 3)) }
                == "dataset.mismatch: PATH/out/s-000.tar: is there already; remove it, or choose another"
                + " name")
        let sound = try DatasetPack(source: "\(folder.path)/source", limits: nil)
        #expect(
            complaint { try sound.write(to: ["\(folder.path)/none/deep/a.tar"]) }
                == "dataset.unreadable: mkdir PATH/none/deep: No such file or directory; name a folder"
                + " that is not there yet, in one that is")
        try folder.remove("source/a/0.png")
        #expect(
            complaint { try sound.write(to: ["\(folder.path)/b.tar"]) }?
                .hasPrefix("dataset.notFound: PATH/source/a/0.png") == true)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/b.tar.part"))
        try folder.write("empty/x", [])
        #expect(
            complaint { _ = try open(.tar, "\(folder.path)/empty") }
                == "dataset.empty: PATH/empty: holds no .tar, .tar.gz or .tgz file; name one, or the"
                + " folder that they are in")
    }

    @Test func namesAreNumbered() {
        func names(_ pattern: String) -> [String]? {
            NumberedName(pattern).map { name in [0, 7, 123_456].map { name[$0] } }
        }
        #expect(names("s-%05d.tar") == ["s-00000.tar", "s-00007.tar", "s-123456.tar"])
        #expect(names("%d") == ["0", "7", "123456"])
        #expect(names("a%%b%02d") == ["a%b00", "a%b07", "a%b123456"])
        #expect(names("one.tar") == ["one.tar", "one.tar", "one.tar"])
        #expect(NumberedName("one.tar")?.isNumbered == false)
        for wrong in ["%", "%s", "%5d", "%d-%d", "%0", "%099d"] { #expect(names(wrong) == nil) }
    }
}
