// SPDX-License-Identifier: Apache-2.0

import Datasets
import Tensors
import Testing

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
