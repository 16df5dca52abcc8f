// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Datasets
import Jobs
import Layers
import Reporting
import Runtime
import Tensors

/// `convoy summary`
struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The layers of a job or a model, with shapes and parameters.",
        discussion: """
            The same table as Keras's model.summary(). A job is checked on the way: shapes that do \
            not fit are named with their layer. With --yaml the job is printed instead, as a file to \
            start from.

            Examples:
              convoy summary
              convoy summary runs/fashion-mnist/model.safetensors
              convoy summary --dataset cifar10 --yaml > job.yaml
            """)

    @OptionGroup var options: JobOptions

    @Flag(help: "Print the job as YAML.")
    var yaml = false

    func run() throws {
        if let path = options.job.map(ModelFile.path), path.hasSuffix(".safetensors") {
            guard options.overrides.isEmpty, options.data == nil else {
                throw ValidationError(
                    "a trained model is what it is; --set and --data are for jobs")
            }
            let file = try ModelFile.read(path)
            return yaml ? print(file.job.portableYAML, terminator: "") : show(file.model, file.job)
        }
        if yaml, options.job == nil, options.overrides.isEmpty, options.data == nil,
            let text = Job.builtInYAML(dataset: options.dataset ?? Job.builtInFormat)
        {
            return print(text, terminator: "")
        }
        let job = try options.load(requiringData: false)
        if yaml { return print(job.resolvedYAML, terminator: "") }
        let shape =
            try job.dataset.imageShape.map { Shape($0) }
            ?? openDatasets(job.dataset)[.train]?.imageShape
        let model = try job.model(input: shape ?? [], classes: job.dataset.format.classCount)
        show(model, job)
    }

    private func show(_ model: Model, _ job: Job) {
        let rows = model.summary.map {
            SummaryTable.Row(
                layer: "\($0.name) (\($0.type))", shape: $0.output.description,
                parameters: $0.parameters)
        }
        for line in SummaryTable.lines(rows) { print(line) }
        print("Images \(model.input), loss \(model.loss.name)")
        print(
            "Block \(model.blockSize), shard \(job.training.shardSize), batch "
                + "\(job.training.batchSize) images; \(SummaryTable.size(model.planBytes)) of memory "
                + "for a thread, \(SummaryTable.size(model.preparedBytes)) of prepared weights for all"
        )
        for warning in job.warnings { print("warning: \(warning)") }
    }
}
