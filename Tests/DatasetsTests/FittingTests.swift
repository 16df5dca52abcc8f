// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Engines
import Tensors
import Testing

@Suite struct FittingTests {
    typealias Fitting = DatasetConfiguration.Fitting

    /// A line of `fittings.txt`.
    private struct Golden {
        let interpolation: String
        let framing: String
        let shape: [Int]
        let pixels: [UInt8]

        static func list(_ name: String = "fittings.txt") throws -> [Golden] {
            let text = String(
                decoding: try contents("\(GoldenImage.folder)/\(name)"), as: UTF8.self)
            return text.split(separator: "\n").map { line in
                let words = line.split(separator: " ").map(String.init)
                let digits = Array(words[5])
                return Golden(
                    interpolation: words[0], framing: words[1],
                    shape: words[2..<5].map { Int($0)! },
                    pixels: stride(from: 0, to: digits.count, by: 2).map {
                        UInt8(String(digits[$0..<$0 + 2]), radix: 16)!
                    })
            }
        }
    }

    private func fit(
        _ file: [UInt8], _ fitting: Fitting, _ shape: [Int], _ kernels: KernelSet = Engine.best()
    ) throws -> [UInt8] {
        try SampleDecoder(
            configuration: .init(format: .folder, path: "", fitting: fitting),
            imageShape: Shape(shape), encoding: .file, kernels: kernels
        ).decode(file)
    }

    /// The rows of a PNG that has the first channels of a picture.
    private func rows(of source: Golden, _ channels: Int) -> [UInt8] {
        var rows: [UInt8] = []
        for y in 0..<source.shape[0] {
            rows.append(0)  // the filter: none
            for x in 0..<source.shape[1] {
                let pixel = (y * source.shape[1] + x) * source.shape[2]
                rows += source.pixels[pixel..<pixel + channels]
            }
        }
        return rows
    }

    /// Keras computes with floats, and its cubic comes from a table of 1,024 places: one level, and a
    /// second where a cubic of such a place is rounded to the other side.
    @Test func everyFittingIsThatOfKeras() throws {
        let goldens = try Golden.list()
        let source = try #require(goldens.first)
        let rgb = try png(
            width: UInt32(source.shape[1]), height: UInt32(source.shape[0]), color: 2,
            rows: rows(of: source, 3))
        let red = try png(
            width: UInt32(source.shape[1]), height: UInt32(source.shape[0]), color: 0,
            rows: rows(of: source, 1))
        for golden in goldens.dropFirst() {
            let framing: DatasetConfiguration.Framing =
                golden.framing == "crop" ? .crop : golden.framing == "pad" ? .pad : .stretch
            let interpolation = try #require(
                DatasetConfiguration.Interpolation(rawValue: golden.interpolation))
            let fitting = Fitting(interpolation: interpolation, framing: framing)
            let pixels = try fit(golden.shape[2] == 3 ? rgb : red, fitting, golden.shape)
            let worst = zip(pixels, golden.pixels).map { abs(Int($0) - Int($1)) }.max()
            let most = interpolation == .nearest ? 0 : 1
            #expect(worst! <= most, "\(golden.interpolation) \(golden.framing) \(golden.shape)")
        }
        #expect(goldens.count == 1 + 4 * 3 * 3)
    }

    @Test func whatPillowDoesIsThatOfPillowToTheBit() throws {
        let goldens = try Golden.list("pillow.txt")
        let source = try #require(goldens.first)
        var files: [Int: [UInt8]] = [:]
        for (channels, color) in [(1, 0), (3, 2), (4, 6)] as [(Int, UInt8)] {
            files[channels] = try png(
                width: UInt32(source.shape[1]), height: UInt32(source.shape[0]), color: color,
                rows: rows(of: source, channels))
        }
        for golden in goldens.dropFirst() {
            let interpolation = try #require(
                DatasetConfiguration.Interpolation(rawValue: golden.interpolation))
            let fitting = Fitting(
                interpolation: interpolation, framing: golden.framing == "crop" ? .crop : .stretch)
            let file = try #require(files[golden.shape[2]])
            let name = "\(golden.interpolation) \(golden.framing) \(golden.shape)"
            #expect(try fit(file, fitting, golden.shape) == golden.pixels, "\(name)")
            guard golden.shape[2] == 1 else { continue }
            let three = try fit(file, fitting, Array(golden.shape[..<2]) + [3])
            #expect(three == golden.pixels.flatMap { [$0, $0, $0] }, "\(name)")
        }
        #expect(goldens.count == 1 + (1 + 3 * 2) * 5)
    }

    /// The fast loop and the general one: a frame of the image's own proportions changes nothing.
    @Test(arguments: [DatasetConfiguration.Framing.crop, .pad])
    func bilinearIsOneRuleInBothLoops(framing: DatasetConfiguration.Framing) throws {
        var rows: [UInt8] = []
        for y in 0..<6 {
            rows.append(0)
            for x in 0..<12 { rows.append(UInt8(truncatingIfNeeded: x * x + 40 * y)) }
        }
        let file = try png(width: 4, height: 6, color: 2, rows: rows)
        for shape in [[3, 2, 3], [9, 6, 1], [15, 10, 3], [600, 400, 3]] {
            #expect(try fit(file, .init(framing: framing), shape) == fit(file, .init(), shape))
        }
    }

    @Test(arguments: DatasetConfiguration.Interpolation.allCases)
    func constantsStayAndFramesAreBlack(interpolation: DatasetConfiguration.Interpolation) throws {
        let row: [UInt8] = [0, 201, 201, 201, 201, 201, 201, 201]
        let file = try png(width: 7, height: 3, color: 0, rows: row + row + row)
        for shape in [[1, 1, 1], [5, 11, 1], [64, 2, 1], [2, 64, 3]] {
            for framing in [DatasetConfiguration.Framing.stretch, .crop] {
                let pixels = try fit(
                    file, .init(interpolation: interpolation, framing: framing), shape)
                #expect(pixels.allSatisfy { $0 == 201 }, "\(shape) \(framing)")
            }
        }
        if interpolation.rawValue.hasPrefix("pil-") { return }  // they do not pad
        // 7 x 3 in the middle of 7 x 7: two black rows above and two below.
        let square = try fit(file, .init(interpolation: interpolation, framing: .pad), [7, 7, 1])
        let (black, white) = ([UInt8](repeating: 0, count: 14), [UInt8](repeating: 201, count: 21))
        #expect(square == black + white + black)
    }

    /// 4,000 times as high as it is wide: its frame would have 16 million pixels a row.
    @Test(arguments: DatasetConfiguration.Interpolation.allCases)
    func extremeProportionsCostNoMemory(interpolation: DatasetConfiguration.Interpolation) throws {
        let file = try png(
            width: 1, height: 4000, color: 0, rows: (0..<4000).flatMap { _ in [0, 255] })
        let isPillow = interpolation.rawValue.hasPrefix("pil-")
        for framing in [DatasetConfiguration.Framing.stretch, .crop, .pad]
        where framing != .pad || !isPillow {
            let pixels = try fit(
                file, .init(interpolation: interpolation, framing: framing), [4, 4096, 1])
            #expect(pixels.count == 4 * 4096)
        }
    }
}
