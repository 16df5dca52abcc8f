// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Reporting

/// `convoy data preview`
struct DataPreview: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "A picture of what the network sees.",
        discussion: """
            Writes the first images of the first epoch with their classes as a grid, a PNG file. \
            Where the job augments, each row of images as they are is followed by the same images \
            augmented.

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
            configuration: job.dataset, imageShape: dataset.imageShape, encoding: dataset.encoding)
        let augments = partition == .train && job.dataset.augmentation != .init()
        let order = SampleOrder(seed: job.seed, epoch: 0, count: dataset.count)
        let balanced =
            job.training.sampling == .balanced
            ? BalancedOrder(seed: job.seed, epoch: 0, ClassIndex(dataset)) : nil
        let shown = min(count, dataset.count)
        let columns = min(columns, shown)
        var grid = ImageGrid(columns: columns, imageShape: dataset.imageShape)
        for row in stride(from: 0, to: shown, by: columns) {
            let positions = row..<min(row + columns, shown)
            let samples = positions.map { partition == .train ? balanced?[$0] ?? order[$0] : $0 }
            let images = try samples.map { try decoder.decode($0, of: dataset) }
            let varied = zip(positions, images).map { position, pixels in
                decoder.augmented(pixels, seed: job.seed, epoch: 0, position: position)
            }
            for row in augments ? [images, varied] : [images] {
                for (sample, pixels) in zip(samples, row) {
                    grid.append(
                        pixels, caption: dataset.classNames[Int(dataset.label(sample))])
                }
                for _ in row.count..<columns { grid.append(paper(dataset), caption: "") }
            }
        }
        try grid.write(to: out)
        print("saved \(out): \(shown) images, \(dataset.imageShape)")
    }

    private func paper(_ dataset: any Dataset) -> [UInt8] {
        Array(repeating: 255, count: dataset.imageShape.count)
    }
}
