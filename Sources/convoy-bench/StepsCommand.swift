// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Engines
import Foundation
import Jobs

/// `convoy-bench steps`
struct StepsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "Real runs with worker processes, as 'convoy train' makes them.",
        discussion: """
            Numbers of workers take turns for several rounds, so that a slow minute of the machine \
            hits all of them; the last lines are medians, and their ratio to the first. The workers \
            are processes of the 'convoy' program beside this one.

            Example:
              convoy-bench steps --workers 1,2 --batch 256
            """)

    @OptionGroup var options: BenchOptions

    @Argument(help: "A job file; without it the built-in job is taken.")
    var job: String?

    @Option(name: [.short, .long], help: "Numbers of workers, to compare.")
    var workers = "1,2"

    @Option(name: [.short, .long], help: "Threads of each worker.")
    var threads = 1

    @Option(name: [.short, .long], help: "Images in a step. The default is the job's own.")
    var batch: Int?

    @Option(help: "Steps of a run; the first tenth of them is not timed.")
    var steps = 200

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Change a field of the job.", valueName: "field=value"))
    var overrides: [String] = []

    private var crews: [Int] { workers.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard !crews.isEmpty, crews.allSatisfy({ 1...256 ~= $0 }),
            crews.count == workers.split(separator: ",", omittingEmptySubsequences: false).count
        else {
            throw ValidationError("--workers \(workers): expected numbers from 1 to 256, as in 1,2")
        }
        guard 1...256 ~= threads else {
            throw ValidationError("--threads \(threads) is out of range; expected 1 to 256")
        }
        guard 10...1_000_000 ~= steps else {
            throw ValidationError("--steps \(steps) is out of range; expected 10 to 1000000")
        }
    }

    func run() throws {
        Engine.enableFlushToZero()
        let kernels = try options.kernels()
        let runs = try crews.map { count in
            ShortRun(
                job: try loadedJob(), workers: count, threads: threads, steps: steps,
                engine: kernels.name, program: try ShortRun.program())
        }
        var results = runs.map { _ in (speed: Samples(), start: [Double]()) }
        for round in 1...options.repeats {
            for (index, run) in runs.enumerated() {
                let before = kernels.peak()
                let result = try run.measure()
                let peak = (before + kernels.peak()) / 2
                results[index].speed.append(Sample(rate: result.imagesPerSecond, peak: peak))
                results[index].start.append(result.firstStep)
                var row = Row()
                row.add("run", "round \(round), workers \(run.workers)")
                row.add("imagesPerSecond", result.imagesPerSecond)
                row.add("firstStepSeconds", result.firstStep, digits: 3)
                row.add("peakGflops", peak / 1e9, digits: 1)
                row.show(json: options.json)
            }
        }
        for (run, result) in zip(runs, results) {
            var row = Row()
            row.add("steps", "\(run.job.name), workers \(run.workers)")
            row.add("threads", threads)
            row.add("batch", run.job.training.batchSize)
            row.add("imagesPerSecond", result.speed.rate)
            row.add("ratio", result.speed.rate / results[0].speed.rate, digits: 3)
            row.add("firstStepSeconds", result.start.median, digits: 3)
            row.show(json: options.json)
        }
    }

    /// Without validation, and with epochs enough for the steps.
    private func loadedJob() throws -> Job {
        let changes =
            ["dataset.validation=none", "training.epochs=1000000"] + overrides
            + (batch.map { ["training.batch_size=\($0)"] } ?? [])
        guard let job else { return try Job.builtIn(overrides: changes) }
        let text = try String(contentsOfFile: job, encoding: .utf8)
        return try Job.parse(yaml: text, overrides: changes, file: job)
    }
}
