// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Engines
import Jobs
import Reporting

/// `convoy data preview`
struct DataPreview: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "A picture of what the network sees.",
        discussion: """
            Writes the first images of the first epoch with their classes as a grid, a PNG file. \
            Where the job augments, each row of images as they are is followed by the same images \
            augmented, and mixed where it mixes them.

            Example:
              convoy data preview flowers.yaml --out grid.png
            """)

    @OptionGroup var options: JobOptions

    @Option(
        help: ArgumentHelp("The PNG file to write.", valueName: "file"),
        completion: .file(extensions: ["png"]))
    var out: String

    @Option(help: ArgumentHelp("Images to show.", valueName: "n"))
    var count = 24

    @Option(help: ArgumentHelp("Images in a row.", valueName: "n"))
    var columns = 8

    @Option(help: "Which part of the data.")
    var partition = Partition.train

    func validate() throws {
        try Limits.check("--count", count, in: 1...1000)
        try Limits.check("--columns", columns, in: 1...100)
    }

    func run() throws {
        let job = try options.load()
        guard let dataset = try openDatasets(job.dataset)[partition] else {
            throw ValidationError(
                "the data has no \(partition.rawValue) images; choose another --partition")
        }
        let decoder = SampleDecoder(
            configuration: job.dataset, imageShape: dataset.imageShape, encoding: dataset.encoding,
            kernels: Engine.best())
        let augments = partition == .train && job.dataset.augmentation != .init()
        let order = SampleOrder(seed: job.seed, epoch: 0, count: dataset.count)
        let balanced =
            job.training.sampling == .balanced
            ? BalancedOrder(seed: job.seed, epoch: 0, ClassIndex(dataset)) : nil
        let load = { (position: Int) in
            let sample = partition == .train ? balanced?[position] ?? order[position] : position
            return Picture(
                pixels: try decoder.decode(sample, of: dataset), answer: dataset.answer(sample))
        }
        let shown = min(count, dataset.count)
        let images = try (0..<shown).map(load)
        let varied = augments ? try self.varied(shown, job, decoder, dataset.count, load) : []
        let columns = min(columns, shown)
        var grid = ImageGrid(columns: columns, imageShape: dataset.imageShape)
        for row in stride(from: 0, to: shown, by: columns) {
            let positions = row..<min(row + columns, shown)
            for pictures in augments ? [images, varied] : [images] {
                for picture in pictures[positions] {
                    grid.append(picture.pixels, caption: picture.caption)
                }
                for _ in positions.count..<columns { grid.append(paper(dataset), caption: "") }
            }
        }
        try grid.write(to: out)
        print("saved \(out): \(shown) images, \(dataset.imageShape)")
    }

    /// The images at the first positions as the network sees them in training. Those of a shard are mixed with
    /// each other, so that each shard is made whole.
    private func varied(
        _ shown: Int, _ job: Job, _ decoder: SampleDecoder, _ samples: Int,
        _ load: (Int) throws -> Picture
    ) throws -> [Picture] {
        let (batchSize, shardSize) = (job.training.samplesPerStep, job.training.shardSize)
        let mixing = ImageMixing(
            job.dataset.augmentation, imageShape: decoder.imageShape, kernels: Engine.best())
        var pictures: [Picture] = []
        while pictures.count < shown {
            let first = pictures.count, step = first / batchSize * batchSize
            let shard = first..<min(first + shardSize, step + batchSize, samples)
            let whole = try shard.map { position in
                var picture = try load(position)
                picture.pixels = decoder.augmented(
                    picture.pixels, seed: job.seed, epoch: 0, position: position)
                return picture
            }
            guard let mixing else {
                pictures += whole
                continue
            }
            let mixed = mixing.mixed(
                whole.map(\.pixels), at: .init(seed: job.seed, epoch: 0, firstPosition: first))
            pictures += zip(whole, mixed).map { own, mixture in
                Picture(
                    pixels: mixture.pixels, answer: own.answer,
                    other: (whole[mixture.partner].answer, 1 - mixture.share))
            }
        }
        return pictures
    }

    private func paper(_ dataset: any Dataset) -> [UInt8] {
        Array(repeating: 255, count: dataset.imageShape.count)
    }
}

/// An image of the grid.
private struct Picture {
    var pixels: [UInt8]
    /// Its class, or its numbers.
    let answer: String
    /// What it was mixed with, and how much there is of that.
    var other: (answer: String, share: Float)?

    /// "roses", or "70% roses 30% tulips".
    var caption: String {
        let percent = Int((100 * (other?.share ?? 0)).rounded())
        guard let other, percent > 0 else { return answer }
        return "\(100 - percent)% \(answer) \(percent)% \(other.answer)"
    }
}
