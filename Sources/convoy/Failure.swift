// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Runtime

/// What the errors of a run mean to the shell.
enum Failure {
    /// EX_TEMPFAIL of sysexits.h: run the same command again.
    static let resume: Int32 = 75
    static let failure: Int32 = 1

    /// The code for an error of ours; nil for those of the argument parser, which knows its own.
    static func exitCode(_ error: any Error) -> Int32? {
        switch error {
        case let error as RuntimeError:
            switch error.code {
            case .stopped, .noWorkers, .lostCoordinator, .wentBack: resume
            case .system, .checkpoint, .modelFile, .runFolder, .refused, .workerFailed, .notFinite,
                .dataset, .network, .keys:
                failure
            }
        case is ExitCode, is CleanExit, is ValidationError: nil
        default: Convoy.exitCode(for: error) == .failure ? failure : nil
        }
    }
}
