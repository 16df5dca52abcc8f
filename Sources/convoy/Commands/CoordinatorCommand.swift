// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Runtime

/// `convoy coordinator`
struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Lead a run whose workers are started elsewhere.",
        discussion: """
            Waits for workers, gives them work, and keeps the run folder. Workers may come and go at \
            any time. Killed and started again with the same command, it goes on from its last \
            checkpoint. It lets in the workers whose keys it knows, see 'convoy keygen'.

            Example:
              convoy coordinator job.yaml --bind tcp://10.0.0.1:7070 --keys keys/coordinator
            """)

    @OptionGroup var job: JobOptions
    @OptionGroup var output: RunOptions
    @OptionGroup var keys: KeyOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var faults: FaultOptions

    @Option(help: ArgumentHelp("Where workers connect to.", valueName: "endpoint"))
    var bind = "tcp://127.0.0.1:7070"

    func validate() throws { try Limits.checkEndpoint("--bind", bind) }

    func run() throws {
        try Leading(
            job: try job.load(), options: output, engine: engine.name, endpoint: bind,
            trust: try keys.coordinator(at: bind), threads: Cores.available,
            faults: try faults.load()
        ).lead()
    }
}
