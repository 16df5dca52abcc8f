// SPDX-License-Identifier: Apache-2.0

import Datasets
import Engines
import Tensors
import Testing

@Suite struct BlurTests {
    private func blurred(_ image: [UInt8], _ shape: Shape, _ deviation: Double) -> [UInt8] {
        var pixels = image
        let scratch = AlignedBuffer<UInt8>(
            count: GaussianBlur.scratchCount(shape, deviation: deviation) + 1)
        defer { withExtendedLifetime(scratch) {} }
        pixels.withUnsafeMutableBufferPointer {
            // Wherever the scratch begins.
            blur(
                $0, shape, deviation: deviation,
                scratch: MutableBytes(rebasing: scratch.elements[1...]), Engine.best())
        }
        return pixels
    }

    /// Half a level for the rounding at the end, 1/512 for that between the passes, half of the file's 128th;
    /// and in each pass, of 255, half a 65536th for each weight and as much again for the middle one, which
    /// makes up for the others.
    private func tolerance(_ deviation: Double) -> Double {
        let radius = (4 * deviation + 0.5).rounded(.down)
        return 0.5 + 1.0 / 512 + 1.0 / 256 + 2 * 2 * radius * 255 / 65536
    }

    @Test func imagesAreBlurredAsSciPyDoesIt() throws {
        let lines = String(
            decoding: try contents("\(GoldenImage.folder)/blurs.txt"), as: UTF8.self)
        var count = 0
        for line in lines.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let shape: Shape = [Int(words[0])!, Int(words[1])!, Int(words[2])!]
            let image = (0..<shape.count).map { index in
                let c = index % shape[2], x = index / shape[2] % shape[1]
                let y = index / shape[2] / shape[1]
                return UInt8((37 * y + 91 * x + 53 * c + 7 * x * y) % 256)
            }
            let deviation = Double(words[3])!
            let pixels = blurred(image, shape, deviation)
            let worst = zip(pixels, golden(words[4])).map { abs(Double($0) - $1) }.max()
            #expect(try #require(worst) <= tolerance(deviation), "\(words[..<4])")
            count += 1
        }
        #expect(count == 12)
    }

    @Test(arguments: [0.13, 0.5, 3, 64])
    func whatIsEvenStaysEven(deviation: Double) {
        for level: UInt8 in [0, 1, 128, 255] {
            let image = [UInt8](repeating: level, count: 9 * 7 * 3)
            #expect(blurred(image, [9, 7, 3], deviation) == image)
        }
    }

    @Test func deviationsFillTheirRange() {
        var augmentation = DatasetConfiguration.Augmentation()
        augmentation.gaussianBlur = 0.5...2
        let draws = (0..<2000).map {
            augmentation.pixelDraw(Chance(seed: 5, epoch: 3, position: $0), height: 9, width: 9)
        }
        checkUniform(draws.map(\.blur), 0.5...2)
    }

    /// As part of a sample's augmentation, beside what else needs scratch.
    @Test func aSampleIsBlurredInItsScratch() throws {
        let image = try contents("\(GoldenImage.folder)/images/rgba.png")
        var options = DatasetConfiguration.Augmentation()
        options.gaussianBlur = 1.5...1.5
        for mode in [DatasetConfiguration.ColorMode.rgb, .grayscale, .rgba] {
            func decoder(_ options: DatasetConfiguration.Augmentation) -> SampleDecoder {
                SampleDecoder(
                    configuration: .init(
                        format: .folder, path: "", colorMode: mode, augmentation: options),
                    imageShape: [9, 12, mode.channels], encoding: .file,
                    kernels: Engine.best())
            }
            let plain = try decoder(.init()).decode(image)
            let found = try decoder(options).decode(image, augment: (1, 2, 3))
            var expected = blurred(plain, [9, 12, mode.channels], 1.5)
            if mode == .rgba {
                for alpha in stride(from: 3, to: plain.count, by: 4) {
                    expected[alpha] = plain[alpha]
                }
            }
            #expect(found == expected)
            var turned = options
            turned.rotationRange = 30
            let both = try decoder(turned).decode(image, augment: (1, 2, 3))
            #expect(both != found)
        }
    }
}
