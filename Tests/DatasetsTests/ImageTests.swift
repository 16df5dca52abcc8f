// SPDX-License-Identifier: Apache-2.0

import Datasets
import Tensors
import Testing

@Suite struct ImageTests {
    @Test func imagesDecodeAndResizeAsPillowAndTheRuleSay() throws {
        let images = try GoldenImage.list("images.txt")
        #expect(images.count == 15)
        for image in images {
            try image.check(contents("\(GoldenImage.folder)/images/\(image.path)"))
        }
    }

    @Test func resizeInterpolatesBetweenPixelCentres() throws {
        // One row of three grey pixels, doubled: places -1/4, 1/4, 3/4, 5/4, 7/4 and 9/4.
        let file = try png(width: 3, height: 1, color: 0, rows: [0, 0, 100, 200])
        #expect(try fileDecoder([1, 6, 1]).decode(file) == [0, 25, 75, 125, 175, 200])
        // One pixel of three is the middle one.
        #expect(try fileDecoder([1, 1, 1]).decode(file) == [100])
        #expect(try fileDecoder([1, 2, 3]).decode(file) == [25, 25, 25, 175, 175, 175])
    }

    @Test func sixteenBitGreyKeepsItsUpperBits() throws {
        let file = try png(
            width: 2, height: 1, depth: 16, color: 0, rows: [0, 0x12, 0xFF, 0xFE, 0x01])
        #expect(try fileDecoder([1, 2, 1]).decode(file) == [0x12, 0xFE])
    }

    @Test func alphaIsDropped() throws {
        let file = try png(width: 1, height: 1, color: 6, rows: [0, 10, 20, 30, 0])
        #expect(try fileDecoder([1, 1, 3]).decode(file) == [10, 20, 30])
    }
}
