// SPDX-License-Identifier: Apache-2.0
//
// Whatever the bytes, a decoder answers with pixels or with an error.

import Datasets
import Tensors
import Testing

@Suite struct DamagedImageTests {
    private static let shape: Shape = [18, 25, 3]

    private static func files() throws -> [(path: String, bytes: [UInt8])] {
        try GoldenImage.list("images.txt").map {
            ($0.path, try contents("\(GoldenImage.folder)/images/\($0.path)"))
        }
    }

    private func complaint(_ bytes: [UInt8]) -> DatasetError? {
        datasetError { _ = try fileDecoder(Self.shape).decode(bytes) }
    }

    @Test func everyTruncationIsAnError() throws {
        for (path, bytes) in try Self.files() {
            // The last two bytes of a JPEG are its end marker; libjpeg does not need the second one.
            for length in 0..<bytes.count - 2 {
                #expect(complaint(Array(bytes[..<length])) != nil, "\(path), \(length) bytes")
            }
        }
    }

    @Test func flippedBytesNeverCrash() throws {
        var found = 0, total = 0
        for (_, bytes) in try Self.files() {
            for place in bytes.indices {
                for flip: UInt8 in [0x01, 0x80, 0xFF] {
                    var bytes = bytes
                    bytes[place] ^= flip
                    total += 1
                    if complaint(bytes) != nil { found += 1 }
                }
            }
        }
        #expect(found > total / 3, "\(found) of \(total)")  // PNG checks itself, JPEG hardly
    }

    @Test func bombsAreRefusedBeforeMemoryIsTaken() throws {
        let bomb = try png(width: 60_000, height: 60_000, color: 2, rows: [0])
        #expect(
            complaint(bomb)?.description
                == "dataset.tooLarge: the PNG file is too large to decode (60000 x 60000 pixels), the"
                + " most is 67108864 pixels; scale it down or remove it")
        let overflow = try png(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, color: 6, rows: [0])
        #expect(complaint(overflow) != nil)
        var jpeg = try contents("\(GoldenImage.folder)/images/420.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(complaint(jpeg)?.code == .tooLarge)
    }

    @Test func otherFilesAreNamedForWhatTheyAre() {
        func says(_ text: String, _ what: String) -> Bool {
            complaint(Array(text.utf8) + [0, 0])?.detail.contains("the file is \(what), only")
                == true
        }
        #expect(says("GIF89a", "a GIF image"))
        #expect(says("RIFF1234WEBPVP8 ", "a WebP image"))
        #expect(says("<!DOCTYPE html>", "a web page or XML"))
        #expect(says("BM", "a BMP image"))
        #expect(
            says("hello", "of a kind unknown here (it begins with the bytes [104, 101, 108, 108])"))
        #expect(complaint([])?.code == .truncated)
    }

    @Test func damageSaysWhatAndHowToMendIt() throws {
        let jpeg = try contents("\(GoldenImage.folder)/images/420.jpg")
        #expect(
            complaint(Array(jpeg[..<(jpeg.count - 20)]))?.description
                == "dataset.truncated: the JPEG file ends too early (Premature end of JPEG file); copy"
                + " it anew or remove it")
        var png = try contents("\(GoldenImage.folder)/images/rgb.png")
        png[png.count - 13] ^= 1  // the last byte before the closing chunk: a checksum
        #expect(
            complaint(png)?.description
                == "dataset.corrupt: the PNG file is damaged (IDAT: CRC error); copy it anew or remove"
                + " it")
    }
}
