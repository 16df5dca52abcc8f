// SPDX-License-Identifier: Apache-2.0
//
// What Pillow and numpy made of images; `Goldens/make_goldens.py` says how.

import Datasets
import Digests
import Engines
import Foundation
import Tensors
import Testing

/// One line of a golden file.
struct GoldenImage {
    /// `[H, W]` of the fitted pixels.
    static let fit = [20, 30]

    let path: String
    let width: Int
    let height: Int
    let rgb: Digest?
    let grey: Digest?
    let fittedRGB: Digest?
    let fittedGrey: Digest?

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Goldens").path

    static func list(_ name: String) throws -> [GoldenImage] {
        String(decoding: try contents("\(folder)/\(name)"), as: UTF8.self).split(separator: "\n")
            .map { line in
                let words = line.split(separator: " ").map(String.init)
                return GoldenImage(
                    path: words[0], width: Int(words[1])!, height: Int(words[2])!,
                    rgb: Digest(hex: words[3]), grey: Digest(hex: words[4]),
                    fittedRGB: Digest(hex: words[5]), fittedGrey: Digest(hex: words[6]))
            }
    }

    /// Decodes the file's bytes in the four ways of a golden line.
    func check(_ file: [UInt8]) throws {
        let ways: [(Digest?, Shape)] = [
            (rgb, [height, width, 3]), (grey, [height, width, 1]),
            (fittedRGB, Shape(Self.fit + [3])), (fittedGrey, Shape(Self.fit + [1])),
        ]
        for (expected, shape) in ways {
            let pixels = try fileDecoder(shape).decode(file)
            #expect(pixels.withUnsafeBytes(sha256) == expected, "\(path) as \(shape)")
        }
    }
}

/// A decoder of files to `shape`.
func fileDecoder(
    _ shape: Shape, flip: Bool = false, kernels: KernelSet = Engine.best()
) -> SampleDecoder {
    SampleDecoder(
        configuration: .init(
            format: .folder, path: "", augmentation: .init(horizontalFlip: flip)),
        imageShape: shape, encoding: .file, kernels: kernels)
}
