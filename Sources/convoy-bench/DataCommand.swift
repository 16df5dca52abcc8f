// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Engines
import Tensors

/// `convoy-bench data`
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Images read, decoded, resized and augmented, one thread: images/s.",
        discussion: """
            Peers/data.py beside the source runs this, tf.data and Keras's ImageDataGenerator by turns, \
            with the same operations on the same files.

            Example:
              convoy-bench data flowers/train --size 180
            """)

    @OptionGroup var options: BenchOptions

    @Argument(help: "A folder of class folders of images.")
    var folder: String

    @Option(help: "Height and width that images are brought to.")
    var size = 180

    @Option(help: "At which scale a JPEG is decoded.")
    var jpegScaling = DatasetConfiguration.JPEGScaling.disabled

    @Option(help: "How a pixel is made of those around it.")
    var interpolation = DatasetConfiguration.Interpolation.bilinear

    @Option(help: "Which part of an image is resized.")
    var framing = DatasetConfiguration.Framing.stretch

    @Option(help: "Images of a repeat.")
    var count = 1000

    func validate() throws {
        guard 1...4096 ~= size, 1...1_000_000 ~= count else {
            throw ValidationError("--size is 1 to 4096, --count 1 to 1000000")
        }
        guard framing != .pad || interpolation.allowsPadding else {
            throw ValidationError(
                "--framing pad is not for \(interpolation.rawValue): Pillow only crops")
        }
    }

    func run() throws {
        Engine.enableFlushToZero()
        let kernels = try options.kernels()
        for (name, augmentation) in Self.augmentations {
            let configuration = DatasetConfiguration(
                format: .folder, path: folder, targetSize: [size, size], validation: .disabled,
                augmentation: augmentation,
                fitting: .init(
                    interpolation: interpolation, framing: framing, jpegScaling: jpegScaling))
            guard let dataset = try openDatasets(configuration)[.train] else { continue }
            let pipeline = Pipeline(dataset, configuration, kernels)
            let images = min(count, dataset.count)
            try pipeline.check(images)
            let samples = Samples(repeats: options.repeats, peak: kernels.peak) {
                Double(images) / threadSeconds { pipeline.run(images) }
            }
            var row = Row()
            row.add("data", name)
            row.add("images/s", samples.rate)
            row.add("lowest", samples.lowest)
            row.add("highest", samples.highest)
            row.show(json: options.json)
        }
    }

    private static let augmentations: [(String, DatasetConfiguration.Augmentation)] = [
        ("decode and resize", .init()),
        ("with flip, rotation and zoom", tutorial), ("with all of the book", book),
    ]

    private static var tutorial: DatasetConfiguration.Augmentation {
        var options = DatasetConfiguration.Augmentation(horizontalFlip: true)
        options.rotationRange = 36
        options.zoomRange = 0.9...1.1
        return options
    }

    private static var book: DatasetConfiguration.Augmentation {
        var options = DatasetConfiguration.Augmentation(horizontalFlip: true)
        options.rotationRange = 40
        options.widthShiftRange = .real(0.2)
        options.heightShiftRange = .real(0.2)
        options.shearRange = 11.459
        options.zoomRange = 0.8...1.2
        return options
    }
}

/// One thread's way from files to pixels.
private final class Pipeline {
    private let dataset: any Dataset
    private let decoder: SampleDecoder
    private let pixels: AlignedBuffer<UInt8>
    private let scratch: AlignedBuffer<UInt8>
    private var stored = AlignedBuffer<UInt8>(count: 1 << 16)

    init(
        _ dataset: any Dataset, _ configuration: DatasetConfiguration, _ kernels: KernelSet
    ) {
        self.dataset = dataset
        decoder = SampleDecoder(
            configuration: configuration, imageShape: dataset.imageShape,
            encoding: dataset.encoding,
            kernels: kernels)
        pixels = AlignedBuffer(count: dataset.imageShape.count)
        scratch = AlignedBuffer(count: decoder.scratchCount)
    }

    /// Every image decodes.
    func check(_ count: Int) throws(DatasetError) {
        for index in 0..<count { try make(index) }
    }

    func run(_ count: Int) {
        for index in 0..<count {
            do throws(DatasetError) {
                try make(index)
            } catch { preconditionFailure("\(error), although it was checked") }
        }
    }

    private func make(_ index: Int) throws(DatasetError) {
        let count = try dataset.storedBytes(index)
        if stored.count < count { stored = AlignedBuffer(count: 2 * count) }
        let bytes = UnsafeMutableRawBufferPointer(stored[0..<count])
        try dataset.read(index, into: bytes)
        try decoder.decode(UnsafeRawBufferPointer(bytes), into: pixels.elements)
        decoder.augment(
            pixels.elements, seed: 1, epoch: 0, position: index, scratch: scratch.elements)
    }
}

extension DatasetConfiguration.Interpolation: ExpressibleByArgument {}
extension DatasetConfiguration.Framing: ExpressibleByArgument {}
extension DatasetConfiguration.JPEGScaling: ExpressibleByArgument {}
