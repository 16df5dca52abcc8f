// SPDX-License-Identifier: Apache-2.0
//
// The command line: what it offers, and how it ends.

import ArgumentParser
import Glibc
import Runtime

@main struct Convoy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains convolutional networks on many CPUs. Same job, same bits.",
        discussion: """
            Without a job file, 'convoy train' trains a small network on Fashion-MNIST:

              convoy train

            A job is a YAML file; 'convoy summary --yaml' prints one to start from. Any field of \
            it can be changed on the command line, --set training.epochs=3.

            Exit codes: 0 done, 64 wrong usage, 1 failure, 75 stopped or alone: run the same command \
            again and it goes on from its last checkpoint.
            """,
        version: convoyVersion,
        subcommands: [
            Train.self, CoordinatorCommand.self, WorkerCommand.self, Join.self, Evaluate.self,
            Predict.self, Summary.self, DataCommand.self, Keygen.self, Doctor.self,
        ])

    static func main() {
        // A reader that goes away must not take the run with it, nor a limit on the size of files.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Ends the program: one sentence on standard error, and a code that says what to do next.
    private static func end(with error: any Error) -> Never {
        guard let code = Failure.exitCode(error) else { exit(withError: error) }
        fflush(nil)
        let text = Array("error: \(error)\n".utf8)
        _ = write(2, text, text.count)
        Glibc.exit(code)
    }
}
