// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Tensors
import Testing

@Suite struct OrientationTests {
    private let photograph: [UInt8]

    /// 25 x 18 pixels, without EXIF.
    init() throws { photograph = try contents("\(GoldenImage.folder)/images/444.jpg") }

    /// The photograph with a segment of EXIF data after its first mark.
    private func tagged(_ tiff: [UInt8], length: Int? = nil) -> [UInt8] {
        let body = Array("Exif\0\0".utf8) + tiff
        let size = length ?? body.count + 2
        let segment = [0xFF, 0xE1, UInt8(size >> 8), UInt8(size & 255)] + body
        return photograph[..<2] + segment + photograph[2...]
    }

    /// A directory of another field and the orientation.
    private func tiff(_ orientation: UInt8, isLittle: Bool) -> [UInt8] {
        isLittle
            ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 2, 0]
                + [0x00, 0x01, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0]
                + [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0] + [0, 0, 0, 0]
            : [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 2]
                + [0x01, 0x00, 0, 3, 0, 0, 0, 1, 0, 7, 0, 0]
                + [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0] + [0, 0, 0, 0]
    }

    /// `orientations.txt` has what Pillow's `exif_transpose` makes of it.
    @Test(arguments: [false, true]) func picturesStandUpright(isLittle: Bool) throws {
        let lines = String(
            decoding: try contents("\(GoldenImage.folder)/orientations.txt"), as: UTF8.self
        ).split(separator: "\n")
        #expect(lines.count == 8)
        for (i, line) in lines.enumerated() {
            let orientation = UInt8(i + 1)
            let shape: Shape = orientation < 5 ? [18, 25, 3] : [25, 18, 3]
            let file = tagged(tiff(orientation, isLittle: isLittle))
            let pixels = try fileDecoder(shape).decode(file)
            #expect(pixels.withUnsafeBytes(sha256).description == line, "orientation \(i + 1)")
        }
    }

    /// Whatever the data say, the photograph is there.
    @Test func damagedDataTellNothing() throws {
        let plain = try fileDecoder([18, 25, 3]).decode(photograph)
        let sound = tiff(3, isLittle: true)
        for length in 0..<22 {
            #expect(try fileDecoder([18, 25, 3]).decode(tagged(Array(sound[..<length]))) == plain)
        }
        for value: UInt8 in [0, 9, 255] {
            #expect(
                try fileDecoder([18, 25, 3]).decode(tagged(tiff(value, isLittle: true))) == plain)
        }
        var random = SplitMix(state: 3)
        for _ in 0..<500 {
            var bytes = sound
            for _ in 0..<4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 255)
            }
            _ = try fileDecoder([18, 25, 3]).decode(tagged(bytes))
        }
        // A segment that claims more than the file has is the decoder's to refuse.
        #expect(throws: DatasetError.self) {
            try fileDecoder([18, 25, 3]).decode(tagged(sound, length: 60_000))
        }
    }
}
