// SPDX-License-Identifier: Apache-2.0
//
// What Keras and TensorFlow made of colours; `Goldens/make_color_goldens.py` says how.

import Datasets
import Engines
import Tensors
import Testing

/// One line of the golden file.
struct GoldenColors: CustomTestStringConvertible {
    let operation: String
    let parameter: Double
    let expected: [Double]
    var testDescription: String { "\(operation) \(parameter)" }

    static var all: [GoldenColors] {
        get throws {
            String(
                decoding: try contents("\(GoldenImage.folder)/colors.txt"), as: UTF8.self
            ).split(separator: "\n").map { line in
                let words = line.split(separator: " ").map(String.init)
                return GoldenColors(
                    operation: words[0], parameter: Double(words[1])!, expected: golden(words[2]))
            }
        }
    }

    /// The image of the script.
    static let image: [UInt8] = (0..<6 * 7 * 3).map { index in
        let c = index % 3, x = index / 3 % 7, y = index / 21
        return UInt8(5 + (37 * y + 91 * x + (y > 0 ? 53 * c : 0) + 7 * x * y) % 241)
    }
}

@Suite struct ColorGoldenTests {
    /// Half for the rounding to bytes, half of the file's 128th, and what TensorFlow's single precision
    /// leaves of a hue that goes from 0 to 1: a few 2^-24 of 6 * 255. Its weights of grey have four
    /// digits, which is 0.04 levels. Brightness is cut off, not rounded, by both.
    private func tolerance(_ operation: String) -> Double {
        switch operation {
        case "brightness": 0
        case "grayscale": 0.5 + 0.04 + 1.0 / 256
        default: 0.5 + 0.001 + 1.0 / 256
        }
    }

    @Test(arguments: try GoldenColors.all)
    func coloursAreThoseOfKerasAndTensorFlow(_ golden: GoldenColors) {
        var pixels = GoldenColors.image
        let parameter = golden.parameter
        let kernels = Engine.best()
        pixels.withUnsafeMutableBufferPointer {
            switch golden.operation {
            case "channel_shift": shiftLevels($0, by: parameter, brightness: 1, kernels)
            case "brightness": shiftLevels($0, by: 0, brightness: parameter, kernels)
            case "contrast": changeContrast($0, channels: 3, by: parameter, kernels)
            case "saturation": changeSaturation($0, by: parameter, kernels)
            case "hue": turnHue($0, by: parameter, kernels)
            case "grayscale": removeColour($0, kernels)
            default: Issue.record("\(golden.operation) has no test")
            }
        }
        #expect(pixels.count == golden.expected.count)
        for (index, (found, expected)) in zip(pixels, golden.expected).enumerated()
        where abs(Double(found) - expected) > tolerance(golden.operation) {
            Issue.record("byte \(index) is \(found), expected \(expected)")
        }
    }
}
