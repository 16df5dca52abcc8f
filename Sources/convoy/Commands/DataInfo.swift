// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Digests
import Engines
import Reporting

/// `convoy data info`
struct DataInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Images of each class, their sizes and colours, and what cannot be read.",
        discussion: """
            Reads and decodes every image. Mean and deviation are of the values 0 to 255 of the \
            images as the model sees them, without augmentation, over all pixels. It fails if any \
            image cannot be read and is not left out by dataset.bad_files: skip.

            Examples:
              convoy data info
              convoy data info flowers.yaml
            """)

    @OptionGroup var options: JobOptions

    func run() throws {
        let configuration = try options.load().dataset
        let datasets = try openDatasets(configuration, tolerant: true)
        var unreadable: [String] = []
        var skipped: [String] = []
        var told: [(part: Partition, fingerprint: Digest)] = []
        for part in Partition.allCases {
            guard let dataset = datasets[part] else { continue }
            if let twin = told.first(where: { $0.fingerprint == dataset.fingerprint }) {
                print("\(part.rawValue): the \(twin.part.rawValue) images")
                continue
            }
            told.append((part, dataset.fingerprint))
            let survey = DatasetSurvey(dataset, configuration, Engine.best())
            print("\(part.rawValue): \(dataset.summary)")
            let names = configuration.classMode == .raw ? ["images"] : dataset.classNames
            for line in DataTable.lines(survey, classNames: names) {
                print("  \(line)")
            }
            unreadable += survey.unreadable
            skipped += dataset.skipped.filter { !skipped.contains($0) }
        }
        if !skipped.isEmpty {
            print("Images that cannot be read and are left out, \(skipped.count):")
            for text in skipped { print("  \(text)") }
        }
        guard !unreadable.isEmpty else { return }
        print("Images that cannot be read:")
        for text in unreadable { print("  \(text)") }
        throw ExitCode(Failure.failure)
    }
}
