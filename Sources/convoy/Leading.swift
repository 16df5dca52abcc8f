// SPDX-License-Identifier: Apache-2.0
//
// What `train` and `coordinator` have in common: a run from its job to its result.

import Engines
import Foundation
import Health
import Jobs
import Logging
import Reporting
import Runtime

/// Leads one run.
struct Leading {
    let job: Job
    let options: RunOptions
    let engine: String?
    let endpoint: String
    var trust: Trust<CoordinatorKeys>?
    /// Threads that evaluate the finished model on the test images.
    let threads: Int
    /// Worker processes of the run's own, if it has any.
    var cluster: WorkerProcesses?
    var faults: FaultPlan?
    /// Told of the run's events, too.
    var watchers: [any RunObserver] = []

    func lead() throws {
        let console = Console(descriptor: 1)
        defer { console.flush() }
        var display = ProgressDisplay.Options()
        display.isQuiet = options.quiet
        display.style = Console.barStyle
        let progress = ProgressDisplay(sink: console, options: display)
        defer { progress.clear() }

        let folder = try RunFolder(options.folder(of: job))
        var log = try LineLog(path: folder.logPath)
        if options.verbose { log.logLevel = .debug }
        let logger = Logger(label: "convoy") { [log] _ in log }
        var observers: [any RunObserver] = [progress, EventLog(logger)] + watchers
        if let path = options.logJSON { observers.append(try JSONLog(path: path)) }

        let board = try serveHealth(console)
        if let board { observers.append(board) }

        let stop = try StopSignal()
        stop.install()
        if let faults {
            observers.append(
                FaultObserver(
                    FaultInjector(faults, worker: FaultPlan.coordinator, stop: stop)))
        }
        var settings = CoordinatorOptions(endpoint: endpoint)
        settings.trust = trust
        settings.localWorkers = cluster?.count ?? 0
        settings.staysAwake = cluster.map { $0.spareCores > 0 } ?? true
        settings.stop = stop
        settings.onStatus = board.map { board in { board.publish($0) } }
        let trace = try options.trace.map { try TraceFile(path: $0) }
        settings.trace = trace
        defer { if let trace { showEnd(of: trace, console) } }
        cluster?.observer = Observers(observers)
        settings.onTick = { [cluster] door in cluster?.watch(door) }
        defer { cluster?.stop() }
        Engine.enableFlushToZero()
        if job.dataset.preprocessing.zcaWhitening, !options.quiet {
            console.line(
                "looks for the matrix that whitens images: minutes, where there is none yet")
            console.flush()
        }
        if !options.quiet { for warning in job.warnings { console.line("warning: \(warning)") } }
        while true {
            let run = try Run.open(job: job, folder: folder, engine: engine)
            for reason in run.damaged { console.line("passed over a checkpoint: \(reason)") }
            if let origin = run.startingWeights.summary, run.resumedStep == nil {
                logger.info("\(origin)")
                if !options.quiet { console.line(origin) }
            }
            if stop.isRung {
                throw RuntimeError(
                    .stopped, "stopped before the first step; the same command begins it")
            }
            if run.isFinished, FileManager.default.fileExists(atPath: folder.modelPath) {
                return try showFinished(run, console)
            }
            let coordinator = try Coordinator(
                run: run, options: settings, observer: Observers(observers), logger: logger)
            try cluster?.start(at: coordinator.endpoint)
            do throws(RuntimeError) {
                try coordinator.work()
            } catch {
                logger.error("\(error)")
                guard error.code == .wentBack else { throw error }
                settings.distrusted = coordinator.distrusted
                settings.endpoint = coordinator.endpoint
                continue
            }
            _ = try coordinator.finish(threads: threads)
            return
        }
    }

    private func showEnd(of trace: TraceFile, _ console: Console) {
        let obstacle = trace.close()
        let place = options.trace ?? ""
        if let obstacle {
            console.line("warning: the timeline in \(place) ends early: \(obstacle)")
        } else if !options.quiet {
            console.line("timeline in \(place); https://ui.perfetto.dev draws it")
        }
    }

    /// The endpoint that `--http` asks for.
    private func serveHealth(_ console: Console) throws -> HealthBoard? {
        guard let place = try options.httpPlace() else { return nil }
        let board = HealthBoard()
        let server = try HealthServer(board, address: place.address, port: place.port)
        if !options.quiet { console.line("health at \(server.address)/status") }
        return board
    }

    /// The folder holds the result of this very job.
    private func showFinished(_ run: Run, _ console: Console) throws {
        if !options.quiet {
            console.line(
                "\(run.folder.path) holds this run, finished; to train anew delete it or choose "
                    + "another --output")
        }
        guard let test = run.test else { return }
        let model = try ModelFile.read(run.folder.modelPath)
        let result = try Evaluator(model, engine: engine).evaluate(test, threads: threads)
        console.line(ProgressText.result(accuracy: result.accuracy, loss: result.loss))
    }
}
