// SPDX-License-Identifier: Apache-2.0
//
// A coordinator and workers, started, stopped, frozen and killed.

import Foundation
import Testing

/// One run of one job in a folder of its own. Whatever a test does, nothing is left when this is gone.
final class DisturbedRun {
    let log: EventFile
    private(set) var workers: [Int: ConvoyProgram] = [:]
    private let folder: ScratchFolder
    private let endpoint: String
    /// Where workers connect to: the endpoint, or what lies between.
    private let connection: String
    let link: FaultyLink?
    /// The coordinator's; 0 if it has none.
    let port: UInt16
    private let keys: (coordinator: [String], worker: [String])
    private(set) var coordinator: ConvoyProgram?
    private var dismissed: [(number: Int, program: ConvoyProgram)] = []
    private var later: [(time: Date, action: () throws -> Void)] = []

    /// - Parameters:
    ///   - isRemote: Workers reach the coordinator by TCP, through a network that can fail.
    ///   - hasKeys: They know each other by keys then; else they trust whoever is there.
    init(job: String, isRemote: Bool = false, hasKeys: Bool = true) throws {
        folder = try ScratchFolder()
        if isRemote {
            let port = try freePort()
            let link = try FaultyLink(to: port)
            endpoint = "tcp://127.0.0.1:\(port)"
            connection = "tcp://127.0.0.1:\(link.port)"
            self.link = link
            self.port = port
            keys =
                hasKeys
                ? try ConvoyProgram.keys(in: folder.path) : (["--insecure"], ["--insecure"])
        } else {
            keys = ([], [])
            port = 0
            endpoint = "ipc://\(folder.path)/socket"
            connection = endpoint
            link = nil
        }
        log = EventFile(path: folder.path + "/log.jsonl")
        try job.write(toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
    }

    deinit { link?.close() }

    var path: String { folder.path }

    /// What is there of a run that is over: its folder, and processes that were told of it.
    static func leftovers(of folder: String) -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let running = processes.filter { Int($0) != nil }.compactMap { process in
            try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)
        }
        return (FileManager.default.fileExists(atPath: folder) ? [folder] : [])
            + running.filter { $0.contains(folder) }
    }

    /// The same job by the one command, in peace.
    func undisturbed() throws -> EventFile {
        let log = EventFile(path: folder.path + "/undisturbed.jsonl")
        let result = try ConvoyProgram.run(
            [
                "train", folder.path + "/job.yaml", "--workers", "2", "--quiet",
                "--output", folder.path + "/undisturbed", "--log-json", log.path,
            ], in: folder.path, within: 600)
        #expect(result.status == 0, "\(result.text)")
        return log
    }

    /// - Parameters:
    ///   - launcher: As of `ConvoyProgram`.
    ///   - output: Its run folder, if not the one of this run.
    func startCoordinator(launcher: [String] = [], output: String? = nil) throws {
        coordinator = try ConvoyProgram(
            [
                "coordinator", folder.path + "/job.yaml", "--quiet", "--bind", endpoint,
                "--output", output ?? folder.path + "/run", "--log-json", log.path,
            ] + keys.coordinator, in: folder.path, launcher: launcher)
    }

    func perform(_ event: ChaosSchedule.Event) throws {
        switch event {
        case .startWorker(let number, let threads):
            try startWorker(number, threads: threads)
        case .killWorker(let number):
            guard let worker = workers.removeValue(forKey: number) else { return }
            #expect(worker.isRunning, "worker-\(number) left by itself: \(worker.text)")
            worker.end(SIGKILL)
        case .dismissWorker(let number):
            guard let worker = workers.removeValue(forKey: number) else { return }
            #expect(worker.isRunning, "worker-\(number) left by itself: \(worker.text)")
            worker.send(SIGTERM)
            dismissed.append((number, worker))
        case .freezeWorker(let number, let seconds):
            guard let worker = workers[number] else { return }
            freeze(worker, seconds)
        case .killCoordinator(let seconds):
            try startMissingCoordinator()
            coordinator?.end(SIGKILL)
            coordinator = nil
            after(seconds) { [unowned self] in try startMissingCoordinator() }
        case .freezeCoordinator(let seconds):
            try startMissingCoordinator()
            if let coordinator { freeze(coordinator, seconds) }
        case .cutNetwork: link?.cut()
        case .holdNetwork(let seconds): link?.hold(seconds: seconds)
        }
    }

    /// - Parameters:
    ///   - name: Nil for one with its number.
    ///   - patience: Seconds; it ends the worker should this process be killed.
    ///   - faults: The text of a fault plan.
    func startWorker(
        _ number: Int, name: String? = nil, threads: Int = 1, patience: Int = 90,
        faults: String? = nil
    ) throws {
        var arguments =
            [
                "worker", "--connect", connection, "--name", name ?? "worker-\(number)",
                "--threads", "\(threads)", "--patience", "\(patience)",
            ] + keys.worker
        if let faults {
            let plan = folder.path + "/plan-\(number).yaml"
            try faults.write(toFile: plan, atomically: true, encoding: .utf8)
            arguments += ["--fault-plan", plan]
        }
        workers[number] = try ConvoyProgram(arguments, in: folder.path)
    }

    /// Does what is due until something holds or the time is over.
    func wait(within seconds: Double, until isTrue: (EventFile) -> Bool) {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end, !isTrue(log) {
            doWhatIsDue()
            usleep(5000)
        }
    }

    /// Lets the run come to its end with two workers or more.
    ///
    /// - Returns: The coordinator's exit status; -1 if nothing new came from it for `patience`.
    func calmDown(patience: Double) throws -> Int32 {
        while !later.isEmpty { wait(within: 1) { _ in self.later.isEmpty } }
        for number in 1_000_000..<1_000_002 where workers.count < 2 {
            try perform(.startWorker(number, threads: 1))
        }
        guard let coordinator else { return -1 }
        var last = (step: -1, time: Date())
        while coordinator.isRunning {
            let step = log.lastTrainingStep
            if step != last.step { last = (step, Date()) }
            guard Date().timeIntervalSince(last.time) < patience else { return -1 }
            usleep(20_000)
        }
        return coordinator.status()
    }

    /// The run is over: workers leave by themselves, each with the exit code of success. Who came too late
    /// to be taken in still looks for a coordinator, until it is told to stop.
    func checkDepartures() {
        let events = log.events
        let start = events.lastIndex { $0["event"] as? String == "started" } ?? 0
        let joined = Set(
            events[start...].filter { $0["event"] as? String == "worker_joined" }
                .compactMap { $0["worker"] as? String })
        for (number, worker) in workers.sorted(by: { $0.key < $1.key }) + dismissed {
            if !joined.contains("worker-\(number)") { worker.send(SIGTERM) }
            let status = worker.status(within: 20)
            #expect(status == 0, "worker-\(number): \(worker.text)")
        }
    }

    /// For messages: the last events, and what everybody said.
    var report: String {
        let events = log.events.filter { $0["event"] as? String != "step" }.suffix(12)
        return
            (["after step \(log.lastTrainingStep)"]
            + events.map { "\($0)" } + [coordinator?.text ?? "no coordinator"]
            + workers.sorted { $0.key < $1.key }.map {
                "worker-\($0.key), \($0.value.isRunning ? "running" : "ended"): \($0.value.text)"
            }).joined(separator: "\n")
    }

    private func startMissingCoordinator() throws {
        guard coordinator == nil else { return }
        try startCoordinator()
    }

    private func freeze(_ program: ConvoyProgram, _ seconds: Double) {
        program.send(SIGSTOP)
        after(seconds) { program.send(SIGCONT) }
    }

    private func after(_ seconds: Double, _ action: @escaping () throws -> Void) {
        later.append((Date().addingTimeInterval(seconds), action))
    }

    private func doWhatIsDue() {
        let now = Date()
        let due = later.filter { $0.time <= now }.sorted { $0.time < $1.time }
        later.removeAll { $0.time <= now }
        for item in due {
            do { try item.action() } catch { Issue.record(error) }
        }
    }
}
