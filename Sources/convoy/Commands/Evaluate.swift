// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Foundation
import Jobs
import Reporting
import Runtime

/// `convoy evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Loss, accuracy and other metrics of a trained model.",
        discussion: """
            Takes the data that the model was trained on, by default its test images. The model file \
            holds the job; where the data lies is taken from --data, else from the run folder that \
            the model is in, else from where the system keeps it.

            Example:
              convoy evaluate runs/fashion-mnist/model.safetensors
            """)

    @Argument(help: "A model.safetensors, or a run folder.", completion: .file())
    var model: String

    @Option(
        help: ArgumentHelp("Where the data is.", valueName: "directory"), completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Judge it by these metrics instead of those of its job.",
            discussion: "For example: --metrics auc,confusion_matrix", valueName: "names"))
    var metrics: String?

    @Option(help: "Which part of the data.")
    var partition = Partition.test

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Threads. The default is one for each core.", valueName: "n"))
    var threads: Int?

    @OptionGroup var engine: EngineOptions

    func validate() throws { try Limits.check("--threads", threads ?? 1, in: 1...256) }

    func run() throws {
        let path = ModelFile.path(model)
        let changes = metrics.map { ["training.metrics=[\($0)]"] } ?? []
        let file = try ModelFile.read(path, overrides: changes)
        var configuration = file.job.dataset
        if let data {
            configuration.path = JobOptions.absolute(data)
        } else if let beside = Self.job(beside: path, changes), beside.identity == file.job.identity
        {
            configuration = configuration.located(as: beside.dataset)
        } else if configuration.path.isEmpty, configuration.format != .shapes {
            throw RuntimeError(
                .dataset, "\(path) does not say where its data is; give --data DIRECTORY")
        }
        guard let dataset = try openDatasets(configuration)[partition] else {
            throw RuntimeError(
                .dataset, "the data has no \(partition.rawValue) images; choose another --partition"
            )
        }
        let threads = threads ?? Cores.available
        let result = try Evaluator(file, engine: engine.name).evaluate(dataset, threads: threads)
        print(
            ProgressText.result(
                of: partition.rawValue, accuracy: result.accuracy, loss: result.loss,
                metrics: result.metrics))
        ConfusionTable.lines(result.metrics.confusion, file.classNames).forEach { print($0) }
    }

    private static func job(beside model: String, _ overrides: [String]) -> Job? {
        let path = URL(fileURLWithPath: model).deletingLastPathComponent().path + "/job.yaml"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return try? Job.parse(yaml: text, overrides: overrides, file: path)
    }
}

extension Partition: ExpressibleByArgument {}
