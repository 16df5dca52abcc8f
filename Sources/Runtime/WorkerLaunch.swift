// SPDX-License-Identifier: Apache-2.0
//
// How one worker of a run's own is started: here, or by ssh on another machine.

import Foundation
import Glibc

/// One worker process to start.
public struct WorkerLaunch: Sendable {
    public let name: String
    /// Threads of a worker of this machine; nil of another's.
    let localThreads: Int?
    private let place: Place
    /// What else it is told.
    private let arguments: [String]
    /// What it is told only when it starts for the first time.
    private let firstArguments: [String]

    private enum Place: Sendable {
        case here(program: String, core: Int?, environment: [String: String])
        case there(RemoteHost, RemoteShell)
    }

    /// Workers of this machine.
    ///
    /// - Parameters:
    ///   - program: Path of the `convoy` program.
    ///   - threads: Of each worker.
    ///   - prefix: Of the workers' names.
    ///   - arguments: What else every worker is told.
    ///   - firstArguments: What those are told that are not started again.
    ///   - environment: What they know that nobody else may see.
    public static func here(
        program: String, threads: [Int], prefix: String = "", arguments: [String] = [],
        firstArguments: [String] = [], environment: [String: String] = [:]
    ) -> [WorkerLaunch] {
        // Of several jobs on a machine, each with a part of the cores, none is to insist on the first ones.
        let takeAllCores = Cores.available == threads.reduce(0, +)
        return threads.indices.map { number in
            WorkerLaunch(
                name: "\(prefix)worker-\(number + 1)", localThreads: threads[number],
                place: .here(
                    program: program,
                    core: takeAllCores ? threads[..<number].reduce(0, +) : nil,
                    environment: environment),
                arguments: arguments + (takeAllCores ? ["--keep-to-cores"] : []),
                firstArguments: firstArguments)
        }
    }

    /// Workers of other machines, one on each.
    ///
    /// - Parameter arguments: What else every worker is told.
    public static func there(
        _ hosts: [RemoteHost], by shell: RemoteShell, arguments: [String] = []
    ) -> [WorkerLaunch] {
        hosts.map {
            WorkerLaunch(
                name: $0.worker, localThreads: nil, place: .there($0, shell), arguments: arguments,
                firstArguments: [])
        }
    }

    /// The process to run.
    ///
    /// - Parameter endpoint: Where the coordinator listens.
    func process(at endpoint: String, isFirst: Bool) -> Process {
        let process = Process()
        let more = arguments + (isFirst ? firstArguments : [])
        switch place {
        case .here(let program, let core, let environment):
            // A coordinator that listens everywhere listens here.
            let here = endpoint.replacingOccurrences(of: "//0.0.0.0:", with: "//127.0.0.1:")
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments =
                [
                    "worker", "--name", name, "--connect", here, "--threads",
                    "\(localThreads ?? 1)", "--parent", "\(getpid())",
                ] + (core.map { ["--core", "\($0)"] } ?? []) + more
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
        case .there(let host, let shell):
            let threads = host.slots.map { ["--threads", "\($0)"] } ?? []
            let command = shell.command(
                on: host, at: endpoint, ["--name", name] + threads + more)
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", Self.sentry, "sh"] + command
            process.standardInput = Pipe()
        }
        return process
    }

    /// Stays beside ssh, which closes all descriptors that it does not know: by one of them Foundation sees
    /// that a process lives. Signals to the whole group end neither: workers stay until their coordinator
    /// has stopped, and go when their standard input ends.
    private static let sentry = "trap '' INT TERM; \"$@\"; exit $?"

    /// Tells a process that runs what its command line must not say.
    func tell(_ process: Process) {
        guard case .there(_, let shell) = place, let pipe = process.standardInput as? Pipe else {
            return
        }
        try? pipe.fileHandleForReading.close()
        // It is shorter than a pipe is long. Where nobody reads any more, the process says why it ends.
        try? pipe.fileHandleForWriting.write(contentsOf: Data(shell.secrets.utf8))
    }

    /// Asks a process to end.
    func dismiss(_ process: Process) {
        if let pipe = process.standardInput as? Pipe {
            try? pipe.fileHandleForWriting.close()
        } else {
            kill(process.processIdentifier, SIGTERM)
        }
    }

    /// How a process has ended, for messages.
    func describe(_ process: Process, _ lastLines: [String]) -> String {
        let status = process.terminationStatus
        switch process.terminationReason {
        case .exit:
            if case .there(let host, let shell) = place, status == RemoteShell.failure {
                return "cannot be reached by ssh"
                    + (lastLines.last.map { " (\($0))" } ?? "")
                    + "; see that '\(shell.text) \(host.address) true' works without a password, or "
                    + "take \(host.address) out of the list of hosts"
            }
            return "exited with code \(status)"
        case .uncaughtSignal:
            return "was killed by signal \(status) (\(String(cString: strsignal(status))))"
                + (status == SIGKILL ? ", as the system does when memory runs out" : "")
        @unknown default: return "ended with status \(status)"
        }
    }
}
