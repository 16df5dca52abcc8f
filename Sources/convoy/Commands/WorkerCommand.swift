// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Glibc
import Logging
import Runtime

/// `convoy worker`
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Work for a coordinator.",
        discussion: """
            Finds the coordinator, takes the job from it and computes until the run is finished. It \
            may be started before the coordinator, or in the middle of a run. SIGTERM lets it finish \
            what it computes and leave; killed, it costs the run nothing but its unfinished work.

            Example:
              convoy worker --connect tcp://10.0.0.1:7070 --keys keys/worker
            """)

    @Option(help: ArgumentHelp("The coordinator's endpoint.", valueName: "endpoint"))
    var connect: String

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Threads that compute. The default is one for each core.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("The worker's name in messages.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Where this machine has the data, for jobs with cluster.data: local.",
            valueName: "directory"), completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp("How long to look for the coordinator.", valueName: "seconds"))
    var patience = 120

    @Flag(name: [.short, .long], help: "Log every message that goes wrong, too.")
    var verbose = false

    @OptionGroup var keys: KeyOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var faults: FaultOptions

    @Option(help: ArgumentHelp("The core of the first thread.", visibility: .private))
    var core: Int?

    @Flag(help: ArgumentHelp("All threads stay on the cores of those.", visibility: .private))
    var keepToCores = false

    @Option(help: ArgumentHelp("Leave when this process is gone.", visibility: .private))
    var parent: Int?

    func validate() throws {
        try Limits.checkEndpoint("--connect", connect)
        try Limits.check("--threads", threads ?? 1, in: 1...256)
        try Limits.check("--patience", patience, in: 1...86_400)
    }

    func run() throws {
        let stop = try StopSignal()
        stop.install()
        // Ctrl-C reaches the whole group; a run's own workers stay until their coordinator has stopped.
        if parent != nil { signal(SIGINT, SIG_IGN) }
        let machine = ProcessInfo.processInfo
        var options = WorkerOptions(
            endpoint: connect, name: name ?? "\(machine.hostName):\(getpid())",
            threads: threads ?? Cores.available)
        options.trust = try keys.worker(at: connect)
        options.engine = engine.name
        options.dataPath = data.map(JobOptions.absolute)
        options.patience = .seconds(patience)
        options.parent = parent
        options.firstCore = core
        options.keepsToItsCores = keepToCores
        options.faults = try faults.load().map {
            FaultInjector($0, worker: options.name, stop: stop)
        }
        var log = LineLog(descriptor: 2)
        log.logLevel = verbose ? .debug : parent == nil ? .info : .warning
        let logger = Logger(label: "convoy") { [log] _ in log }
        defer { if let parent, getppid() != parent { removeSocket() } }
        let reason = try Worker(options: options, stop: stop, logger: logger).work()
        if parent == nil { print(reason) }
    }

    /// A run that was killed has left its socket behind, in a directory made for it.
    private func removeSocket() {
        let path = connect.dropFirst("ipc://".count)
        guard connect.hasPrefix("ipc:///"), let end = path.lastIndex(of: "/") else { return }
        unlink(String(path))
        rmdir(String(path[..<end]))
    }
}
