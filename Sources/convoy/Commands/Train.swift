// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Glibc
import Runtime

/// `convoy train`
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a job with worker processes on this machine, or on others by ssh.",
        discussion: """
            Starts a coordinator and its workers, trains, saves the model in the run folder and \
            evaluates it on the test images. The number of workers and threads changes the time a \
            run takes, never its result. Interrupted, it writes a checkpoint; the same command goes \
            on from there. Interrupted twice, it ends at once, and goes on from the checkpoint before.

            Examples:
              convoy train
              convoy train --dataset shapes --workers 2
              convoy train job.yaml --set training.epochs=3 --output runs/short
              convoy train job.yaml --hosts hosts.txt
            """)

    @OptionGroup var job: JobOptions
    @OptionGroup var output: RunOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var keys: KeyOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var faults: FaultOptions

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Worker processes. The default keeps all cores busy.", valueName: "n"))
    var workers: Int?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Threads of each worker. The default shares the cores out.", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp("How often a worker that dies is started again.", valueName: "n"))
    var maxRestarts = 3

    @Option(
        help: ArgumentHelp(
            "Where workers of other machines may connect to and help.", valueName: "endpoint"))
    var bind: String?

    func validate() throws {
        if let bind {
            try Limits.checkEndpoint("--bind", bind)
            if hosts.file != nil, !bind.hasPrefix("tcp:") {
                throw ValidationError(
                    "--bind \(bind) cannot be reached from other machines; with --hosts it is "
                        + "tcp://0.0.0.0:PORT, or left out")
            }
        }
        try Limits.check("--workers", workers ?? 1, in: 1...256)
        try Limits.check("--max-restarts", maxRestarts, in: 0...1000)
        try Limits.check("--threads", threads ?? 1, in: 1...256)
    }

    func run() throws {
        let job = try job.load()
        let remote = try hosts.load()
        let threads =
            remote.isEmpty || workers != nil
            ? Cores.shared(workers: workers, threads: threads) : []
        let sockets = try SocketDirectory()
        let endpoint =
            bind
            ?? (remote.isEmpty ? "ipc://\(sockets.path)/coordinator" : "tcp://0.0.0.0:*")
        let (trust, own) = try keys.train(at: endpoint)
        let plan = try faults.load(
            workers: threads.indices.map { "worker-\($0 + 1)" } + remote.map(\.worker))
        let arguments =
            (keys.insecure ? ["--insecure"] : []) + (output.verbose ? ["--verbose"] : [])
        let cluster = WorkerProcesses(
            WorkerLaunch.here(
                program: try Program.path(), threads: threads,
                arguments: ["--engine", engine.engine] + arguments,
                firstArguments: faults.file.map { ["--fault-plan", $0] } ?? [],
                environment: own?.environment ?? [:])
                + WorkerLaunch.there(remote, by: try hosts.shell(own), arguments: arguments),
            restarts: maxRestarts)
        try withExtendedLifetime(sockets) {
            try Leading(
                job: job, options: output, engine: engine.name, endpoint: endpoint, trust: trust,
                threads: threads.isEmpty
                    ? Cores.available : min(threads.reduce(0, +), Cores.available),
                cluster: cluster,
                faults: plan
            ).lead()
        }
    }
}

/// Bounds of numbers on the command line.
enum Limits {
    static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                "\(name) \(value) is out of range; expected \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
    }

    /// Endpoints are those of ZeroMQ that cross processes.
    static func checkEndpoint(_ name: String, _ endpoint: String) throws {
        guard let scheme = ["tcp://", "ipc:///"].first(where: { endpoint.hasPrefix($0) }),
            scheme != "tcp://" || endpoint.dropFirst(6).contains(":"),
            endpoint.count > scheme.count
        else {
            throw ValidationError(
                "\(name) '\(endpoint)' is no endpoint; expected tcp://HOST:PORT or ipc:///PATH")
        }
    }
}
