// SPDX-License-Identifier: Apache-2.0
//
// What Keras and SciPy made of images; `Goldens/make_augmentation_goldens.py` says how.

import Datasets
import Engines
import Tensors
import Testing

/// One line of the golden file.
struct GoldenTransform: CustomTestStringConvertible {
    let mode: DatasetConfiguration.Augmentation.FillMode
    let shape: Shape
    let draw: SpatialDraw
    let expected: [Double]
    let testDescription: String

    init(_ line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        let numbers = words[4..<12].map { Double($0)! }
        mode = .init(rawValue: words[0])!
        shape = [Int(words[1])!, Int(words[2])!, Int(words[3])!]
        var draw = SpatialDraw()
        (draw.rotation, draw.shiftX, draw.shiftY) = (numbers[0], numbers[1], numbers[2])
        (draw.shear, draw.zoomX, draw.zoomY) = (numbers[3], numbers[4], numbers[5])
        (draw.flipsHorizontally, draw.flipsVertically) = (numbers[6] == 1, numbers[7] == 1)
        self.draw = draw
        expected = golden(words[12])
        testDescription = words[..<12].joined(separator: " ")
    }

    static var all: [GoldenTransform] {
        get throws {
            String(
                decoding: try contents("\(GoldenImage.folder)/augmentation.txt"), as: UTF8.self
            ).split(separator: "\n").map(GoldenTransform.init)
        }
    }

    /// The image of the script.
    var image: [UInt8] {
        (0..<shape.count).map { index in
            let c = index % shape[2], x = index / shape[2] % shape[1]
            let y = index / shape[2] / shape[1]
            return UInt8((37 * y + 91 * x + 53 * c + 7 * x * y) % 256)
        }
    }
}

@Suite struct AugmentationGoldenTests {
    /// Half for the rounding to bytes; half of a 4096th of a pixel along both axes, each with a slope of
    /// at most 255; half of the file's 128th.
    fileprivate let tolerance = 0.5 + 2.0 * 255 / 8192 + 1.0 / 256

    @Test(arguments: try GoldenTransform.all)
    func transformedImageIsKerass(_ golden: GoldenTransform) {
        let map = AffineMap(golden.draw, height: golden.shape[0], width: golden.shape[1])
        let pixels = resampled(
            golden.image, golden.shape, map, mode: golden.mode.ofGenerator, fill: 77)
        #expect(pixels.count == golden.expected.count)
        for (index, (found, expected)) in zip(pixels, golden.expected).enumerated()
        where abs(Double(found) - expected) > tolerance {
            Issue.record("byte \(index) is \(found), Keras has \(expected)")
        }
    }
}

extension AugmentationGoldenTests {
    @Test func piecesAreResizedAsSciPyDoesIt() throws {
        let lines = String(
            decoding: try contents("\(GoldenImage.folder)/crops.txt"), as: UTF8.self
        ).split(separator: "\n")
        #expect(lines.count == 5)
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            let n = words[..<7].map { Int($0)! }
            var draw = SpatialDraw()
            draw.piece = ResizedCrop(rows: n[3]..<n[3] + n[4], columns: n[5]..<n[5] + n[6])
            let shape: Shape = [n[0], n[1], n[2]]
            let image = (0..<shape.count).map { index in
                let c = index % n[2], x = index / n[2] % n[1], y = index / n[2] / n[1]
                return UInt8((37 * y + 91 * x + 53 * c + 7 * x * y) % 256)
            }
            let pixels = resampled(
                image, shape, AffineMap(draw, height: n[0], width: n[1]), mode: .nearest, fill: 0)
            let worst = zip(pixels, golden(words[7])).map { abs(Double($0) - $1) }.max()
            #expect(try #require(worst) <= tolerance, "\(words[..<7])")
        }
    }
}

/// What `resample` makes of an image.
func resampled(
    _ image: [UInt8], _ shape: Shape, _ map: AffineMap, mode: Border.Mode, fill: UInt8,
    nearest: Bool = false, _ kernels: KernelSet = Engine.best()
) -> [UInt8] {
    var pixels = image
    var scratch = [UInt8](repeating: 0, count: resampleScratchCount(shape))
    pixels.withUnsafeMutableBufferPointer { pixels in
        scratch.withUnsafeMutableBufferPointer {
            resample(
                pixels, shape, map, mode: mode, fill: fill, nearest: nearest, scratch: $0, kernels)
        }
    }
    return pixels
}

/// Four hexadecimal digits for each 128th.
func golden(_ digits: String) -> [Double] {
    let digits = Array(digits)
    return stride(from: 0, to: digits.count, by: 4).map {
        Double(Int(String(digits[$0..<$0 + 4]), radix: 16)!) / 128
    }
}
