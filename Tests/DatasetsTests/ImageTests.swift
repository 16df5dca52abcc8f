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

    @Test func decodingProofIsPinned() throws {
        // What libjpeg-turbo 2.1 and libpng 1.6 make of the images, on any machine.
        #expect(
            try DecodingProof.digest().description
                == "614d04fd5cd02a7bb850c7001139b2087271e4f6577deaee551ed809bd40340d")
    }
}

@Suite struct SampleDecoderTests {
    private let shape: Shape = [2, 3, 2]
    private let stored: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    private let flipped: [UInt8] = [5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8]

    private func decoder(flip: Bool) -> SampleDecoder {
        SampleDecoder(
            configuration: .init(format: .shapes, augmentation: .init(horizontalFlip: flip)),
            imageShape: shape, encoding: .pixels)
    }

    @Test func pixelsPassUnchanged() throws {
        #expect(try decoder(flip: true).decode(stored) == stored)
        #expect(try decoder(flip: false).decode(stored, augment: (1, 2, 3)) == stored)
    }

    @Test func halfOfThePositionsAreMirrored() throws {
        var mirrored = 0
        for position in 0..<1000 {
            let pixels = try decoder(flip: true).decode(stored, augment: (1, 2, position))
            #expect(pixels == stored || pixels == flipped)
            if pixels == flipped { mirrored += 1 }
        }
        // Binomial, mean 500, standard deviation 16.
        #expect(abs(mirrored - 500) < 80)
    }

    @Test func coinIsTossedForEachSeedEpochAndPosition() throws {
        func coins(_ seed: UInt64, _ epoch: Int) throws -> [Bool] {
            try (0..<100).map {
                try decoder(flip: true).decode(stored, augment: (seed, epoch, $0)) == flipped
            }
        }
        #expect(try coins(1, 0) == coins(1, 0))
        #expect(try coins(1, 0) != coins(1, 1))
        #expect(try coins(1, 0) != coins(2, 0))
    }

    @Test func sampleOfAnotherSizeIsRefused() {
        #expect(
            datasetError { _ = try decoder(flip: false).decode([1, 2]) }?.description
                == "dataset.mismatch: a sample of 2 bytes came, (2, 3, 2) has 12; give all machines the"
                + " same data set")
    }
}
