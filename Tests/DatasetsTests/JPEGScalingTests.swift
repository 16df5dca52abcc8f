// SPDX-License-Identifier: Apache-2.0
//
// JPEG files decoded at a smaller scale.

import Configuration
import Datasets
import Digests
import Engines
import Tensors
import Testing

@Suite struct JPEGScalingTests {
    private func decode(
        _ file: [UInt8], _ shape: Shape, scaling: DatasetConfiguration.JPEGScaling = .auto,
        framing: DatasetConfiguration.Framing = .stretch, kernels: KernelSet = Engine.best()
    ) throws -> [UInt8] {
        try SampleDecoder(
            configuration: .init(
                format: .folder, path: "",
                fitting: .init(framing: framing, jpegScaling: scaling)),
            imageShape: shape, encoding: .file, kernels: kernels
        ).decode(file)
    }

    /// To the bit, on every instruction set.
    @Test func scalesAreThoseOfPillowsDraftMode() throws {
        let text = String(
            decoding: try contents("\(GoldenImage.folder)/scaled.txt"), as: UTF8.self)
        var reduced = 0
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let file = try contents("\(GoldenImage.folder)/images/\(words[0])")
            let size = try words[1...2].map { try #require(Int($0)) }
            for (channels, digest) in [(3, words[3]), (1, words[4])] {
                let shape = Shape(size + [channels])
                for kernels in Engine.available {
                    let pixels = try decode(file, shape, kernels: kernels)
                    #expect(pixels.withUnsafeBytes(sha256).description == digest, "\(line)")
                }
                let whole = try decode(file, shape, scaling: .disabled)
                if whole.withUnsafeBytes(sha256).description != digest { reduced += 1 }
            }
        }
        // Seven files, six of eight sizes, in colour and grey; the eighth file is one pixel.
        #expect(reduced == 7 * 6 * 2)
    }

    /// A turned image is measured upright.
    @Test func scaleIsChosenForTheUprightImage() throws {
        let upright = try contents("\(GoldenImage.folder)/images/444.jpg")  // 25 x 18
        let turned = oriented(upright, 6)
        // 18 x 25: its half is large enough for 12 x 9 but not for 9 x 12.
        #expect(
            try decode(turned, [12, 9, 3]) != decode(turned, [12, 9, 3], scaling: .disabled))
        #expect(
            try decode(turned, [9, 12, 3]) == decode(turned, [9, 12, 3], scaling: .disabled))
        #expect(
            try decode(upright, [12, 9, 3]) == decode(upright, [12, 9, 3], scaling: .disabled))
    }

    /// The file with a segment of EXIF data after its first mark.
    private func oriented(_ file: [UInt8], _ orientation: UInt8) -> [UInt8] {
        let field: [UInt8] = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
        let tiff = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0] + field + [0, 0, 0, 0]
        let body = Array("Exif\0\0".utf8) + tiff
        return file[..<2] + [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body + file[2...]
    }

    @Test(arguments: [DatasetConfiguration.Framing.crop, .pad])
    func framingsAreOfTheScaledImage(_ framing: DatasetConfiguration.Framing) throws {
        let file = try contents("\(GoldenImage.folder)/images/444.jpg")
        let scaled = try decode(file, [6, 6, 3], framing: framing)
        let whole = try decode(file, [6, 6, 3], scaling: .disabled, framing: framing)
        // Means of four pixels instead of one of them: other levels, the same picture.
        #expect(scaled != whole)
        let difference = zip(scaled, whole).map { abs(Int($0) - Int($1)) }.reduce(0, +)
        #expect(difference < 32 * scaled.count)
    }

    @Test func statisticsAreOfScaledImagesAndSizesOfWholeOnes() throws {
        let folder = try TemporaryFolder()
        let file = try contents("\(GoldenImage.folder)/images/444.jpg")
        try folder.write("a/1.jpg", file)
        var configuration = DatasetConfiguration(
            format: .folder, path: folder.path, targetSize: [4, 6], validation: .disabled)
        configuration.fitting.jpegScaling = .auto
        let dataset = try #require(try openDatasets(configuration)[.train])
        let survey = DatasetSurvey(dataset, configuration, Engine.best())
        #expect(survey.sizes.keys.map { [$0.height, $0.width] } == [[18, 25]])
        let pixels = try decode(file, [4, 6, 3])
        let red = stride(from: 0, to: pixels.count, by: 3).map { Double(pixels[$0]) }
        #expect(abs(survey.mean[0] - red.reduce(0, +) / Double(red.count)) < 1e-9)
    }

    @Test func fieldIsPartOfTheResolvedJob() throws {
        var configuration = DatasetConfiguration(format: .folder, path: "x")
        #expect("\(configuration.encoded())".contains("jpeg_scaling"))
        configuration.fitting.jpegScaling = .auto
        var fields = try Fields(configuration.encoded(), path: "dataset")
        #expect(try DatasetConfiguration(fields: &fields) == configuration)
    }
}
