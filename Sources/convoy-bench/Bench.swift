// SPDX-License-Identifier: Apache-2.0
//
// Measures Convoy on this machine: verifies first, then times.

import ArgumentParser
import Engines
import Runtime
import Tensors

@main struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convoy-bench",
        abstract: "Measures Convoy on this machine.",
        discussion: """
            Every number is the median of several repeats, and each repeat stands between two probes \
            of what the cores can do at that moment: a machine that runs at half speed for some \
            seconds shows it. Absolute times of another run, or another machine, mean nothing \
            beside them.

            Examples:
              convoy-bench kernels
              convoy-bench models --model cifar --threads 2
              convoy-bench steps --workers 1,2 --batch 256
              convoy-bench transport
              convoy-bench data flowers/train
            """,
        version: convoyVersion,
        subcommands: [
            KernelsCommand.self, ModelsCommand.self, StepsCommand.self, TransportCommand.self,
            DataCommand.self,
        ])
}

/// What all benches can be told.
struct BenchOptions: ParsableArguments {
    @Flag(help: "Print one JSON object a line, for programs.")
    var json = false

    @Option(help: "Repeats; the median is printed.")
    var repeats = 5

    @Option(help: "Instruction set of the kernels: the best one, unless given.")
    var engine: String?

    func validate() throws {
        guard 1...1000 ~= repeats else {
            throw ValidationError("--repeats \(repeats) is out of range; expected 1 to 1000")
        }
        _ = try kernels()
    }

    func kernels() throws -> KernelSet {
        guard let engine else { return Engine.best() }
        guard let kernels = Engine.named(engine) else {
            let names = Engine.available.map(\.name).joined(separator: ", ")
            throw ValidationError("--engine \(engine) does not run here; expected one of \(names)")
        }
        return kernels
    }
}
