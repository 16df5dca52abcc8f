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
        for (path, bytes) in try Self.files() {
            for place in bytes.indices {
                for flip: UInt8 in [0x01, 0x80, 0xFF] {
                    var bytes = bytes
                    bytes[place] ^= flip
                    let isFound = complaint(bytes) != nil
                    // PNG checks itself, the others hardly.
                    guard path.lowercased().hasSuffix(".png") else { continue }
                    total += 1
                    if isFound { found += 1 }
                }
            }
        }
        #expect(found > total * 9 / 10, "\(found) of \(total)")
    }

    @Test func bombsAreRefusedBeforeMemoryIsTaken() throws {
        let bomb = try png(width: 60_000, height: 60_000, color: 2, rows: [0])
        #expect(
            complaint(bomb)?.description
                == "dataset.tooLarge: the PNG file is too large to decode (60000 x 60000 pixels), the"
                + " most is 67108864 pixels; scale it down or remove it")
        let square = try png(width: 100_000, height: 100_000, depth: 16, color: 2, rows: [0])
        #expect(complaint(square)?.description.contains("(100000 x 100000 pixels)") == true)
        let overflow = try png(width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, color: 6, rows: [0])
        #expect(complaint(overflow) != nil)
        var jpeg = try contents("\(GoldenImage.folder)/images/420.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(complaint(jpeg)?.code == .tooLarge)
        var bitmap = try contents("\(GoldenImage.folder)/images/rgb24.bmp")
        bitmap.replaceSubrange(18..<26, with: [0, 0, 1, 0, 0, 0, 1, 0])
        #expect(
            complaint(bitmap)?.description.contains(
                "the BMP file is too large to decode (65536 x 65536 pixels)") == true)
        // The canvas of a lossless picture: 14 bits of width and of height after its signature.
        var webp = try contents("\(GoldenImage.folder)/images/lossless.webp")
        let lossless = try #require(webp.indices.first { webp[$0...].starts(with: "VP8L".utf8) })
        webp.replaceSubrange(lossless + 9..<lossless + 13, with: [0xFF, 0xFF, 0xFF, 0x0F])
        #expect(complaint(webp)?.code == .tooLarge)
    }

    @Test func otherFilesAreNamedForWhatTheyAre() {
        func says(_ text: String, _ what: String) -> Bool {
            complaint(Array(text.utf8) + [0, 0])?.detail.contains("the file is \(what), only")
                == true
        }
        #expect(says("GIF89a", "a GIF image"))
        #expect(says("<!DOCTYPE html>", "a web page or XML"))
        #expect(
            says("hello", "of a kind unknown here (it begins with the bytes [104, 101, 108, 108])"))
        #expect(complaint([])?.code == .truncated)
    }

    @Test func bitmapsThatAreNotReadAreNamed() throws {
        let sound = try contents("\(GoldenImage.folder)/images/palette8.bmp")
        func complaint(_ place: Int, _ bytes: [UInt8]) -> String? {
            var file = sound
            file.replaceSubrange(place..<place + bytes.count, with: bytes)
            return self.complaint(file)?.description
        }
        #expect(complaint(0, []) == nil)
        let cases: [(Int, [UInt8], String)] = [
            (
                14, [16],
                "unsupported: the BMP file is of a variant that is not read (a header of 16 bytes)"
            ),
            (28, [2], "of a variant that is not read (2 bits a pixel); save it as RGB"),
            (30, [2], "of a variant that is not read (compression 2 with 8 bits a pixel)"),
            (30, [4], "of a variant that is not read (compression 4 with 8 bits a pixel)"),
            (18, [0, 0, 0, 0], "corrupt: the BMP file is damaged (0 x 18 pixels)"),
            (21, [0x80], "damaged (-2147483623 x 18 pixels)"),
            (46, [1, 2], "damaged (a palette of 513 colours)"),
            (46, [2, 0], "of a palette of 2)"),
            (10, [0xFF, 0xFF, 0xFF, 0xFF], "truncated: the BMP file ends too early (758 bytes)"),
            (10, [0, 0], "truncated: the BMP file ends too early"),
        ]
        for (place, bytes, sentence) in cases {
            #expect(
                complaint(place, bytes)?.contains(sentence) == true,
                "\(complaint(place, bytes) ?? "none")")
        }
        var masks = try contents("\(GoldenImage.folder)/images/rgb565.bmp")
        masks[54] = 0b101
        #expect(
            self.complaint(masks)?.description.contains(
                "damaged (masks [\"f805\", \"7e0\", \"1f\"])")
                == true)
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
