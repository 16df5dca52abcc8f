// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Glibc
import Runtime

/// `convoy join`
struct Join: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train together with the processes that mpirun, srun or the like has started.",
        discussion: """
            Every process gives the same command. Rank 0 leads the run, and computes, too; the others \
            work for it. The rank comes from the launcher: Open MPI, MPICH, Slurm, an Indexed Job of \
            Kubernetes, torchrun, or CONVOY_RANK. The others find rank 0 by a file in the run \
            folder, which all machines have to share, or by --host and --port.

            Examples:
              mpirun -n 8 convoy join job.yaml
              srun -n 8 convoy join job.yaml --output /shared/runs/job
            """)

    @OptionGroup var job: JobOptions
    @OptionGroup var output: RunOptions
    @OptionGroup var engine: EngineOptions

    @Option(
        help: ArgumentHelp(
            "A folder that 'convoy keygen' made, for processes on several machines.",
            valueName: "folder"), completion: .directory)
    var keys: String?

    @Flag(help: "Use no keys on TCP: trust whoever is there, and let what travels be read.")
    var insecure = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Threads of each process. The default shares each machine's cores out.", valueName: "n")
    )
    var threads: Int?

    @Option(help: ArgumentHelp("The machine of rank 0, as others reach it.", valueName: "name"))
    var host: String?

    @Option(
        help: ArgumentHelp("The port of rank 0, for machines that share no folder.", valueName: "n")
    )
    var port: Int?

    @Flag(help: "Rank 0 leads, and leaves computing to the others.")
    var leadOnly = false

    @Option(help: ArgumentHelp("How long to look for rank 0.", valueName: "seconds"))
    var patience = 120

    func validate() throws {
        try Limits.check("--threads", threads ?? 1, in: 1...256)
        try Limits.check("--port", port ?? 1, in: 1...65_535)
        try Limits.check("--patience", patience, in: 1...86_400)
        if port != nil, host == nil {
            throw ValidationError(
                "--port says where rank 0 listens, but not on which machine; add --host")
        }
    }

    func run() throws {
        guard let place = LaunchRank(ProcessInfo.processInfo.environment) else {
            throw ValidationError(
                "no launcher has said which process this is; start it with mpirun or srun, set CONVOY_RANK, "
                    + "or use 'convoy train' on one machine")
        }
        let threads =
            threads
            ?? place.threads(
                available: Cores.available, all: ProcessInfo.processInfo.processorCount)
        try place.rank == 0 ? lead(place, threads) : work(place, threads)
    }

    private func lead(_ place: LaunchRank, _ threads: Int) throws {
        let job = try job.load()
        let rendezvous = Rendezvous(folder: output.folder(of: job), launch: place.launch)
        rendezvous.withdraw()
        defer { rendezvous.withdraw() }
        let sockets = port == nil && place.isOnOneMachine ? try SocketDirectory() : nil
        let endpoint =
            sockets.map { "ipc://\($0.path)/coordinator" } ?? "tcp://0.0.0.0:\(port ?? 0)"
        let works = !leadOnly || place.size == 1
        let (trust, own) = try trust(at: endpoint)
        let cluster = WorkerProcesses(
            WorkerLaunch.here(
                program: try Program.path(), threads: works ? [threads] : [],
                prefix: "rank-\(place.rank)-",
                arguments: ["--engine", engine.engine] + (insecure ? ["--insecure"] : [])
                    + (output.verbose ? ["--verbose"] : []),
                environment: own?.environment ?? [:]))
        var leading = Leading(
            job: job, options: output, engine: engine.name, endpoint: endpoint, trust: trust,
            threads: threads, cluster: cluster)
        if port == nil {
            leading.watchers = [
                Announcement(rendezvous, host: host ?? ProcessInfo.processInfo.hostName)
            ]
        }
        try withExtendedLifetime(sockets) { try leading.lead() }
    }

    /// Becomes a worker.
    private func work(_ place: LaunchRank, _ threads: Int) throws {
        let endpoint: String
        if let port, let host {
            endpoint = "tcp://\(host):\(port)"
        } else {
            let rendezvous = Rendezvous(
                folder: output.folder(of: try job.load()), launch: place.launch)
            endpoint = try rendezvous.find(patience: .seconds(patience))
        }
        try Program.become(
            [
                "worker", "--connect", endpoint, "--name", "rank-\(place.rank)", "--threads",
                "\(threads)", "--patience", "\(patience)", "--engine", engine.engine,
            ] + (keys.map { ["--keys", "\($0)/worker"] } ?? [])
                + (insecure ? ["--insecure"] : []) + (output.verbose ? ["--verbose"] : []))
    }

    /// Keys of the folder or the environment for all, and such for the process beside rank 0 that are made
    /// for this run alone.
    private func trust(at endpoint: String) throws -> (Trust<CoordinatorKeys>?, own: WorkerKeys?) {
        var options = KeyOptions()
        options.keys = keys.map { $0 + "/coordinator" }
        options.insecure = insecure
        guard case .keys? = try options.coordinator(at: endpoint) else {
            return (try options.coordinator(at: endpoint), nil)
        }
        return try options.train(at: endpoint)
    }
}

/// This program itself.
enum Program {
    /// Whatever the name it was called by.
    static func path() throws -> String {
        do {
            return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        } catch {
            throw RuntimeError(.system, "readlink /proc/self/exe: \(error.localizedDescription)")
        }
    }

    /// Starts over with other arguments, in the same process: whoever started it keeps its number.
    static func become(_ arguments: [String]) throws {
        let path = try path()
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        execv(path, words)
        let code = errno
        throw RuntimeError(.system, "execv \(path): \(String(cString: strerror(code)))")
    }
}
