// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Engines
import Tensors
import Testing

@Suite struct ImageTests {
    @Test func imagesDecodeAndResizeAsPillowAndTheRuleSay() throws {
        let images = try GoldenImage.list("images.txt")
        #expect(images.count == 32)
        for image in images {
            try image.check(contents("\(GoldenImage.folder)/images/\(image.path)"))
        }
    }

    @Test func alphaIsKeptWhereItIsAskedFor() throws {
        let lines = String(
            decoding: try contents("\(GoldenImage.folder)/alphas.txt"), as: UTF8.self)
        var transparent = 0
        for line in lines.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let file = try contents("\(GoldenImage.folder)/images/\(words[0])")
            let image = try #require(
                try GoldenImage.list("images.txt").first { $0.path == words[0] })
            let shapes: [Shape] = [[image.height, image.width, 4], Shape(GoldenImage.fit + [4])]
            for (digest, shape) in zip(words[1...], shapes) {
                let pixels = try fileDecoder(shape).decode(file)
                #expect(
                    pixels.withUnsafeBytes(sha256).description == digest, "\(words[0]) as \(shape)")
                let alphas = stride(from: 3, to: pixels.count, by: 4).map { pixels[$0] }
                if alphas.contains(where: { $0 < 255 }) { transparent += 1 }
            }
        }
        // rgba, greyalpha, palette, alpha32, lossless and lossy-alpha, whole and fitted.
        #expect(transparent == 12)
    }

    /// Of a pixel outside the picture everything is 0, as Keras has it.
    @Test func whatPadsAnImageIsTransparent() throws {
        let file = try png(width: 3, height: 1, color: 2, rows: [0, 9, 8, 7, 6, 5, 4, 3, 2, 1])
        let decoder = SampleDecoder(
            configuration: .init(
                format: .folder, path: "", colorMode: .rgba,
                fitting: .init(interpolation: .nearest, framing: .pad)),
            imageShape: [3, 3, 4], encoding: .file,
            kernels: Engine.best())
        let pixels = try decoder.decode(file)
        let none = [UInt8](repeating: 0, count: 12)
        #expect(pixels == none + [9, 8, 7, 255, 6, 5, 4, 255, 3, 2, 1, 255] + none)
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
