// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Datasets
import Engines
import Tensors
import Testing

@Suite struct SampleDecoderTests {
    /// Colours of RGBA are varied as those of RGB; alpha moves with its pixel, and keeps its value.
    @Test func alphaIsMovedButNotRecoloured() throws {
        var options = DatasetConfiguration.Augmentation(horizontalFlip: true)
        options.rotationRange = 40
        options.channelShiftRange = 60
        options.brightnessRange = 0.5...1.5
        options.contrastRange = 0.5...1.5
        options.saturationRange = 0.2...2
        options.hueRange = 0.4
        options.grayscale = 0.3
        options.gaussianNoise = 9
        var moves = DatasetConfiguration.Augmentation(horizontalFlip: true)
        moves.rotationRange = 40
        func decoder(
            _ mode: DatasetConfiguration.ColorMode, _ options: DatasetConfiguration.Augmentation
        ) -> SampleDecoder {
            SampleDecoder(
                configuration: .init(
                    format: .folder, path: "", colorMode: mode, augmentation: options),
                imageShape: [9, 12, mode.channels], encoding: .file,
                kernels: Engine.best())
        }
        let file = try contents("\(GoldenImage.folder)/images/rgba.png")
        for position in 0..<20 {
            let place = (seed: UInt64(5), epoch: 1, position: position)
            let four = try decoder(.rgba, options).decode(file, augment: place)
            let three = try decoder(.rgb, options).decode(file, augment: place)
            let moved = try decoder(.rgba, moves).decode(file, augment: place)
            for pixel in 0..<9 * 12 {
                #expect(four[pixel * 4..<pixel * 4 + 3] == three[pixel * 3..<pixel * 3 + 3])
                #expect(four[pixel * 4 + 3] == moved[pixel * 4 + 3])
            }
        }
    }

    private let shape: Shape = [2, 3, 2]
    private let stored: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    private let flipped: [UInt8] = [5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8]

    private func decoder(flip: Bool) -> SampleDecoder {
        SampleDecoder(
            configuration: .init(format: .shapes, augmentation: .init(horizontalFlip: flip)),
            imageShape: shape, encoding: .pixels,
            kernels: Engine.best())
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

    /// Bits that no version may change: jobs of older runs name no other option.
    @Test func coinsFallAsTheyAlwaysDid() throws {
        let coins = try (0..<16).map {
            try decoder(flip: true).decode(stored, augment: (7, 1, $0)) == flipped ? "1" : "0"
        }
        #expect(coins.joined() == "1100001101101001")
    }

    @Test func verticalFlipTurnsRowsOver() throws {
        var augmentation = DatasetConfiguration.Augmentation()
        augmentation.verticalFlip = true
        let decoder = SampleDecoder(
            configuration: .init(format: .shapes, augmentation: augmentation), imageShape: shape,
            encoding: .pixels,
            kernels: Engine.best())
        let turned = Array(stored[6...] + stored[..<6])
        #expect(decoder.scratchCount == 0)
        let pictures = try (0..<20).map { try decoder.decode(stored, augment: (1, 2, $0)) }
        #expect(Set(pictures) == [stored, turned])
    }

    /// Whole turns and whole pixels go through the same interpolation, and lose nothing.
    @Test func resampledWholePixelsAreTheSource() throws {
        var augmentation = DatasetConfiguration.Augmentation(horizontalFlip: true)
        augmentation.widthShiftRange = .whole(2)
        augmentation.fillMode = .constant
        augmentation.cval = 99
        let decoder = SampleDecoder(
            configuration: .init(format: .shapes, augmentation: augmentation), imageShape: shape,
            encoding: .pixels,
            kernels: Engine.best())
        // The image in a frame of one pixel, and four bytes.
        #expect(decoder.scratchCount == (shape[0] + 2) * (shape[1] + 2) * shape[2] + 4)
        let pictures = try (0..<100).map { try decoder.decode(stored, augment: (1, 2, $0)) }
        let k: UInt8 = 99
        #expect(
            Set(pictures) == [
                stored, flipped,
                [3, 4, 5, 6, k, k, 9, 10, 11, 12, k, k], [k, k, 1, 2, 3, 4, k, k, 7, 8, 9, 10],
                [k, k, 5, 6, 3, 4, k, k, 11, 12, 9, 10], [3, 4, 1, 2, k, k, 9, 10, 7, 8, k, k],
            ])
    }

    /// Without optimization the compiler puts boxes of its own on the heap.
    @Test(.enabled(if: allocations_are_counted() && !_isDebugAssertConfiguration()))
    func augmentingAllocatesNothing() throws {
        var augmentation = DatasetConfiguration.Augmentation(horizontalFlip: true)
        augmentation.rotationRange = 90
        augmentation.zoomRange = 0.5...2
        augmentation.widthShiftRange = .real(0.2)
        augmentation.brightnessRange = 0.5...1.5
        augmentation.contrastRange = 0.5...1.5
        augmentation.gaussianNoise = 10
        augmentation.cutout = 1
        let decoder = SampleDecoder(
            configuration: .init(format: .shapes, augmentation: augmentation), imageShape: shape,
            encoding: .pixels,
            kernels: Engine.best())
        let pixels = AlignedBuffer<UInt8>(count: decoder.imageShape.count)
        let scratch = AlignedBuffer<UInt8>(count: decoder.scratchCount)
        let before = allocations_of_this_thread()
        for position in 0..<100 {
            decoder.augment(
                pixels.elements, seed: 1, epoch: 2, position: position, scratch: scratch.elements)
        }
        #expect(allocations_of_this_thread() == before)
    }

    @Test func sampleOfAnotherSizeIsRefused() {
        #expect(
            datasetError { _ = try decoder(flip: false).decode([1, 2]) }?.description
                == "dataset.mismatch: a sample of 2 bytes came, (2, 3, 2) has 12; give all machines the"
                + " same data set")
    }
}
