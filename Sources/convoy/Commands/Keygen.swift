// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Runtime

/// `convoy keygen`
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make keys for a coordinator and its workers.",
        discussion: """
            Makes a folder for the coordinator and one for each key of workers, ready to be copied to \
            where it is used. One key may serve all workers, or each have its own. Later calls on the same \
            folder add keys of workers; nothing that is there is overwritten.

            Examples:
              convoy keygen keys
              convoy keygen keys --worker node7 --worker node8
            """)

    @Argument(help: "The folder.", completion: .directory)
    var folder: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Make a key by this name. May be given many times.", valueName: "name"))
    var worker: [String] = []

    func run() throws {
        let keys = KeyFolder(folder)
        let names = worker.isEmpty ? ["worker"] : worker
        try keys.make(workers: names)
        print(
            """
            The coordinator's keys are in \(keys.coordinator):
              convoy coordinator job.yaml --bind tcp://HOST:7070 --keys \(keys.coordinator)
            """)
        for name in names {
            print(
                """
                Copy \(keys.worker(name)) to machines of workers, by a way that nobody else can read:
                  convoy worker --connect tcp://HOST:7070 --keys \(keys.worker(name))
                """)
        }
        print("Whose line is deleted from \(keys.allowed) is put out at once.")
    }
}
