// SPDX-License-Identifier: Apache-2.0
//
// What Keras's random layers make of an image; `Goldens/make_goldens.py` says how.

import Datasets
import Engines
import Foundation
import Jobs
import Layers
import Tensors
import Testing

/// One line of the golden file.
struct GoldenTransform: CustomTestStringConvertible {
    let shape: Shape
    let roundings: Double
    /// As a list of the job.
    let layers: String
    let expected: [Double]

    init(_ line: Substring) {
        let parts = line.split(separator: ";").map(String.init)
        shape = Shape(parts[0].split(separator: " ").map { Int($0)! })
        roundings = Double(parts[1])!
        layers = parts[2]
        let digits = Array(parts[3])
        expected = stride(from: 0, to: digits.count, by: 4).map {
            Double(Int(String(digits[$0..<$0 + 4]), radix: 16)!) / 128
        }
    }

    var testDescription: String { "\(shape) \(layers)" }

    static var all: [GoldenTransform] {
        get throws {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Goldens/transforms.txt")
            return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                .map(GoldenTransform.init)
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

@Suite struct TransformTests {
    private func job(_ layers: String, dataset: String = "{format: npy, path: x}") throws -> Job {
        let text = """
            dataset: \(dataset)
            model: \(layers.dropLast()), Flatten, Dense: {units: 2}]
            training: {optimizer: adam}
            """
        return try Job.parse(yaml: text, file: "job.yaml")
    }

    private func decoder(_ job: Job, _ shape: Shape) -> SampleDecoder {
        SampleDecoder(
            configuration: job.dataset, imageShape: shape, encoding: .pixels,
            kernels: Engine.best())
    }

    /// Fill values are whole levels. Each time half for the rounding to bytes, and half of a 4096th of a
    /// pixel along both axes with a slope of at most 255; half of the file's 128th.
    @Test(arguments: try GoldenTransform.all)
    fileprivate func layersDoWhatKerassDo(_ golden: GoldenTransform) throws {
        let tolerance = golden.roundings * (0.5 + 2.0 * 255 / 8192) + 1.0 / 256
        let decoder = decoder(try job(golden.layers), golden.shape)
        let found = decoder.augmented(golden.image, seed: 1, epoch: 0, position: 0)
        #expect(found.count == golden.expected.count)
        for (index, (found, expected)) in zip(found, golden.expected).enumerated()
        where abs(Double(found) - expected) > tolerance {
            Issue.record("byte \(index) is \(found), Keras has \(expected)")
        }
    }

    /// What chance draws is spread over all that a factor allows, and is the same whoever asks.
    @Test func drawsAreSpreadAndRepeat() throws {
        let decoder = decoder(try job("[RandomContrast: {factor: [0.25, 0.5]}]"), [1, 2, 1])
        // The mean is 120, so the darker pixel tells the factor: 120 - 40 * factor.
        let levels = (0..<400).map {
            decoder.augmented([80, 160], seed: 9, epoch: 2, position: $0)[0]
        }
        #expect(levels.min() == 60 && levels.max() == 90)
        #expect(Set(levels).count == 31)
        #expect(
            levels
                == (0..<400).map {
                    decoder.augmented([80, 160], seed: 9, epoch: 2, position: $0)[0]
                })
        let other = (0..<400).map {
            decoder.augmented([80, 160], seed: 9, epoch: 3, position: $0)[0]
        }
        #expect(levels != other)
    }

    @Test func flipsAreCoinsOfTheirOwn() throws {
        let decoder = decoder(try job("[RandomFlip]"), [2, 2, 1])
        var counts: [[UInt8]: Int] = [:]
        for position in 0..<400 {
            counts[
                decoder.augmented([0, 1, 2, 3], seed: 5, epoch: 0, position: position),
                default: 0] += 1
        }
        #expect(
            counts.keys.sorted { $0[0] < $1[0] } == [
                [0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0],
            ])
        // Four standard deviations of 400 draws with a chance of a quarter.
        #expect(counts.values.allSatisfy { abs($0 - 100) < 35 })
    }

    @Test func layersOfOneKindDrawApart() throws {
        let once = "{RandomRotation: {factor: 0.2}}"
        let one = decoder(try job("[\(once)]"), [9, 9, 1])
        let two = decoder(try job("[RandomFlip: {mode: vertical}, \(once), \(once)]"), [9, 9, 1])
        let image = (0..<81).map { UInt8($0 * 3) }
        #expect(
            one.augmented(image, seed: 1, epoch: 0, position: 3)
                != two.augmented(image, seed: 1, epoch: 0, position: 3))
    }

    /// Far beyond any image there is still an answer.
    @Test(arguments: ["reflect", "wrap", "constant", "nearest"])
    func manyZoomsEndWell(mode: String) throws {
        let zooms = Array(
            repeating: "{RandomZoom: {height_factor: [1, 1], fill_mode: \(mode)}}", count: 60)
        let decoder = decoder(try job("[\(zooms.joined(separator: ", "))]"), [4, 5, 3])
        let pixels = decoder.augmented(
            .init(repeating: 9, count: 60), seed: 1, epoch: 0, position: 0)
        #expect(pixels.allSatisfy { $0 == 9 || mode == "constant" })
    }

    @Test func networkHasThemAsLayersWithoutParameters() throws {
        let layers = "[RandomFlip: {mode: horizontal}, RandomZoom: {height_factor: 0.1}]"
        let model = try job(layers).model(input: [8, 8, 3], classes: 2)
        #expect(model.summary.prefix(2).map(\.name) == ["random_flip", "random_zoom"])
        #expect(
            model.summary.prefix(2).allSatisfy { $0.parameters == 0 && $0.output == [8, 8, 3] })
        #expect(model.stageCount == 1)
    }

    @Test func resolvedJobReadsBack() throws {
        let job = try job(
            """
            [RandomFlip: {mode: vertical}, RandomRotation: {factor: 0.1, fill_mode: wrap}, \
            RandomZoom: {height_factor: [-0.2, 0.3], width_factor: 0.1, interpolation: nearest}, \
            Rescaling: {scale: 1/255}, \
            RandomTranslation: {height_factor: 0.1, width_factor: [0, 0.5], fill_value: 0.5}, \
            RandomContrast: {factor: 0.3, value_range: [0, 1]}]
            """)
        let again = try Job.parse(yaml: job.resolvedYAML, file: "job.yaml")
        #expect(again.resolvedYAML == job.resolvedYAML)
        #expect(again.dataset == job.dataset)
        let sampling = RandomTransform.Sampling(fillValue: 127.5)
        #expect(
            job.dataset.augmentation.transforms == [
                .flip(horizontal: false, vertical: true),
                .rotation(degrees: -36...36, .init(fillMode: .wrap)),
                .zoom(height: 0.8...1.3, width: 0.9...1.1, .init(interpolation: .nearest)),
                .translation(height: -0.1...0.1, width: 0...0.5, sampling),
                .contrast(factors: 0.7...1.3, levels: 0...255),
            ])
    }

    @Test func wrongPlacesAreNamed() throws {
        for layers in [
            "[{Conv2D: {filters: 2, kernel_size: 1}}, RandomFlip]",
            "[{RandomFlip: {name: a}}, {RandomFlip: {name: b}}, {Add: {inputs: [a, b]}}]",
        ] {
            let error = #expect(throws: LayerError.self) {
                try job(layers).model(input: [8, 8, 3], classes: 2)
            }
            #expect(
                error?.detail
                    == "RandomFlip varies images before they go through the network; put it before all"
                    + " layers but Rescaling, in one line")
        }
        let error = #expect(throws: JobError.self) {
            try job(
                "[RandomFlip]",
                dataset: "{format: npy, path: x, preprocessing: {featurewise_center: true}}")
        }
        #expect(error?.detail.hasPrefix("varies images by layers, but") == true)
    }

    @Test func wrongFactorsAreNamed() {
        func complaint(_ layer: String) -> String? {
            #expect(throws: JobError.self) { try job("[\(layer)]") }.map {
                "\($0.path): \($0.detail)"
            }
        }
        #expect(
            complaint("RandomRotation")
                == "model[0].RandomRotation.factor: is missing; add it under model[0].RandomRotation"
        )
        #expect(
            complaint("RandomRotation: {factor: 20}")
                == "model[0].RandomRotation.factor: found -20.0, expected -1.0 to 1.0")
        #expect(
            complaint("RandomTranslation: {height_factor: 0.1}")
                == "model[0].RandomTranslation.width_factor: is missing; add it under "
                + "model[0].RandomTranslation")
        #expect(
            complaint("RandomFlip: {mode: both}")
                == "model[0].RandomFlip.mode: found 'both', expected one of horizontal, vertical, "
                + "horizontal_and_vertical")
    }
}
