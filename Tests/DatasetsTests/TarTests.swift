// SPDX-License-Identifier: Apache-2.0

import Datasets
import Engines
import Foundation
import Testing

@Suite struct TarTests {
    private let image: [UInt8]

    init() throws { image = try contents("\(GoldenImage.folder)/images/rgba.png") }

    /// An entry as tar writes it.
    private func entry(
        _ name: String, _ contents: [UInt8], type: Character = "0", size: Int? = nil
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at place: Int) {
            for (i, byte) in text.utf8.enumerated() { header[place + i] = byte }
        }
        put(name, at: 0)
        let digits = String(size ?? contents.count, radix: 8)
        put(String(repeating: "0", count: 11 - digits.count) + digits, at: 124)
        put("        ", at: 148)
        put(String(type), at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", at: 148)
        let padding = [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
        return header + contents + padding
    }

    private var end: [UInt8] { [UInt8](repeating: 0, count: 1024) }

    private func open(
        _ bytes: [UInt8], classes: [String] = []
    ) throws -> (TemporaryFolder, [Partition: any Dataset]) {
        let folder = try TemporaryFolder()
        try folder.write("a.tar", bytes)
        return (
            folder,
            try openDatasets(
                DatasetConfiguration(
                    format: .tar, path: "\(folder.path)/a.tar", targetSize: [8, 8],
                    validation: .disabled, classes: classes))
        )
    }

    private func names(_ dataset: (any Dataset)?) -> [String] {
        guard let dataset else { return [] }
        return (0..<dataset.count).map {
            String(dataset.name($0).split(separator: ":").last ?? "") + " \(dataset.label($0))"
        }
    }

    @Test func classFoldersAreReadWhateverTheirOrder() throws {
        let long = "a/" + String(repeating: "x", count: 120) + ".png"
        let (folder, parts) = try open(
            entry("./", [], type: "5") + entry("./b/2.png", image + [2])
                + entry("././@LongLink", Array("\(long)\0".utf8), type: "L")
                + entry("cut", image + [3]) + entry("b/1.png", image + [1])
                + entry("pax", Array("18 path=a/pax.png\n".utf8), type: "x")
                + entry("cut", image + [4]) + entry("b/notes.txt", [9]) + entry("b/.h.png", image)
                + end)
        defer { withExtendedLifetime(folder) {} }  // the files are gone with it
        let train = try #require(parts[.train])
        #expect(train.classNames == ["a", "b"])
        #expect(names(train) == ["a/pax.png 0", "\(long) 0", "b/1.png 1", "b/2.png 1"])
        #expect(try train.stored(0) == image + [4] && train.stored(1) == image + [3])
        #expect(try train.stored(2) == image + [1] && train.storedBytes(3) == image.count + 1)
    }

    @Test func partsAreFoldersOfTheArchive() throws {
        let bytes =
            entry("train/a/1.png", image) + entry("train/b/1.png", image)
            + entry("test/b/2.png", image)
            + end
        let (_, parts) = try open(bytes)
        #expect(names(parts[.train]) == ["train/a/1.png 0", "train/b/1.png 1"])
        #expect(names(parts[.test]) == ["test/b/2.png 1"])
        #expect(names(try open(bytes, classes: ["b"]).1[.train]) == ["train/b/1.png 0"])
    }

    /// Images come in an order that is not the archive's, and what is none is not kept.
    @Test func aCompressedArchiveIsReadAsAPlainOne() throws {
        let notes = [UInt8](repeating: 65, count: 3_000_000)
        let bytes =
            entry("./b/2.png", image + [2]) + entry("b/notes.txt", notes)
            + entry("././@LongLink", Array("a/long name.png\0".utf8), type: "L")
            + entry("cut", image + [3]) + entry("b/1.png", image + [1]) + end
        let (_, plain) = try open(bytes)
        let (folder, parts) = try open(gzipped(bytes))
        let train = try #require(parts[.train])
        #expect(names(train) == ["a/long name.png 0", "b/1.png 1", "b/2.png 1"])
        #expect(train.fingerprint == plain[.train]?.fingerprint)
        for _ in 0..<2 {
            #expect(try train.stored(2) == image + [2] && train.stored(0) == image + [3])
            #expect(try train.stored(1) == image + [1])
        }
        // The copy has no name: nothing is left beside the archive.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.tar"])
        let configuration = DatasetConfiguration(
            format: .tar, path: "\(folder.path)/a.tar", targetSize: [8, 8], validation: .disabled)
        let decoder = SampleDecoder(
            configuration: configuration, imageShape: train.imageShape, encoding: .file,
            kernels: Engine.best())
        #expect(try decoder.decode(0, of: train).count == 8 * 8 * 3)
    }

    /// What is not an image may be as large as it likes: it is inflated and forgotten.
    @Test func aBombInsideAnArchiveTakesNoRoom() throws {
        let zeros = entry("a/zeros.bin", [], size: 1 << 26)
        let bomb = try gzipped(
            zeros + [UInt8](repeating: 0, count: 1 << 26) + entry("a/1.png", image) + end)
        #expect(bomb.count < 1 << 17)
        let (_, parts) = try open(bomb)
        #expect(parts[.train]?.count == 1)
        let large = try gzipped(
            entry("a/1.png", [], size: 1 << 32) + [UInt8](repeating: 0, count: 9))
        let error = datasetError { _ = try open(large) }
        #expect(error != nil)
    }

    @Test func hostileArchivesAreNamed() throws {
        func complaint(_ bytes: [UInt8]) -> String? {
            datasetError { _ = try open(bytes) }.map {
                $0.description.replacing(/\/.*a\.tar/, with: "A")
            }
        }
        let sound = entry("a/1.png", image)
        var flipped = sound
        flipped[3] ^= 1
        let cases: [([UInt8], String)] = [
            (
                [],
                "dataset.truncated: A: the archive of 0 bytes ends without its end mark at byte 0"
            ),
            (
                sound,
                "dataset.truncated: A: the archive of \(sound.count) bytes ends without its end mark"
            ),
            (flipped + end, "dataset.corrupt: A: there is no sound tar header at byte 0"),
            (
                entry("a/1.png", image, size: 0o77777777777) + end,
                "dataset.truncated: A: an entry of 8589934591 bytes goes beyond"
            ),
            (
                entry("a/../../b/1.png", image) + end,
                "dataset.unsupported: A: the name 'a/../../b/1.png' leads out of the archive at byte 0"
            ),
            (
                entry("/etc/1.png", image) + end,
                "dataset.unsupported: A: the name '/etc/1.png' leads"
            ),
            (end, "dataset.empty: A: no image in 0 class folders (0 other files)"),
            (
                try gzipped(sound),
                "dataset.truncated: A: ends after 0 of the 512 bytes of a tar header"
            ),
            (
                try gzipped(entry("a/1.png", image, size: image.count + 99)),
                "dataset.truncated: A: ends after \(image.count + 512 - image.count % 512) of the "
                    + "\(image.count + 99) bytes of an image"
            ),
            (
                Array(try gzipped(sound + end).dropLast(40)),
                "dataset.truncated: A: the gzip stream breaks off at byte"
            ),
            (
                try gzipped(entry("a/../../b/1.png", image) + end),
                "dataset.unsupported: A: the name 'a/../../b/1.png' leads out of the archive at byte 0"
            ),
        ]
        for (bytes, message) in cases {
            let error = try #require(complaint(bytes))
            #expect(error.hasPrefix(message), "\(error)")
        }
        let whole = sound + end
        for length in stride(from: 0, to: sound.count + 512, by: 37) {
            #expect(complaint(Array(whole[..<length])) != nil)
        }
        var random = SplitMix(state: 17)
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int(random.next() % UInt64(600))] = UInt8(random.next() & 255)
            }
            _ = complaint(bytes)
        }
    }
}
