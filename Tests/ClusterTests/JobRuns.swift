// SPDX-License-Identifier: Apache-2.0
//
// One job, trained in every way a run can go.

import Foundation
import Testing

/// Runs of one job with real processes, and the SHA-256 of the final weights of each.
final class JobRuns {
    private(set) var rows: [(name: String, digest: String)] = []
    private let steps: Int
    private let folder: ScratchFolder
    private let jobFile: String
    private let keys: (coordinator: [String], worker: [String])

    /// - Parameter steps: That the job has.
    init(job: String, steps: Int) throws {
        self.steps = steps
        folder = try ScratchFolder()
        jobFile = folder.path + "/job.yaml"
        try job.write(toFile: jobFile, atomically: true, encoding: .utf8)
        keys = try ConvoyProgram.keys(in: folder.path)
    }

    /// One command, from start to end.
    @discardableResult
    func train(_ name: String, _ arguments: [String]) throws -> EventFile {
        let place = try place(name)
        let result = try ConvoyProgram.run(
            [
                "train", jobFile, "--quiet", "--output", place.run, "--log-json", place.log.path,
                // Nobody is lost here, however busy the machine is.
                "--set", "cluster.heartbeat_seconds=2",
            ] + arguments, in: folder.path)
        #expect(result.status == 0, "\(name): \(result.text)")
        #expect(place.log.trainingSteps.count == steps, "\(name)")
        try close(name, place.log)
        let workers = arguments.first == "--workers" ? Int(arguments[1]) ?? 0 : 0
        #expect(place.log.contributions.count == workers, "\(name): \(place.log.contributions)")
        return place.log
    }

    func mixed() throws {
        let name = "2 workers, TCP, AVX2 beside the best"
        let place = try place(name, isRemote: true)
        let coordinator = try coordinator(place)
        // Whoever is first waits for the other.
        let plan = folder.path + "/\(rows.count)-plan.yaml"
        try Brake.plan(["a": [20], "b": [20]]).write(
            toFile: plan, atomically: true, encoding: .utf8)
        let workers = [
            try worker("a", place, ["--engine", "avx2", "--fault-plan", plan]),
            try worker("b", place, ["--fault-plan", plan]),
        ]
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        for worker in workers { #expect(worker.status() == 0, "\(worker.text)") }
        try close(name, place.log)
    }

    func workerKilled() throws {
        let name = "2 workers, one killed in mid-step"
        let place = try place(name)
        let coordinator = try coordinator(place)
        var workers = try ["a", "b"].map { try worker($0, place) }
        // A worker may be killed in the moment between its last vector and the step's end: then it owed
        // nothing, and another one is sent into battle.
        var owed = 0
        for attempt in 0..<20 where owed == 0 {
            reach(attempt, place.log)
            #expect(wait(within: 20) { place.log.events("worker_joined").count >= attempt + 2 })
            workers[0].end(SIGKILL)
            #expect(wait(within: 20) { place.log.events("worker_lost").count > attempt })
            owed = place.log.events("worker_lost").last?["owed_shards"] as? Int ?? 0
            if owed == 0 { workers[0] = try worker("a\(attempt)", place) }
        }
        #expect(owed > 0, "\(name): no kill fell into a step")
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        try close(name, place.log)
    }

    func workerJoins() throws {
        let name = "1 worker, another joins in mid-step"
        let place = try place(name)
        let coordinator = try coordinator(place)
        var workers = [try worker("a", place)]
        var missing = 0
        for attempt in 0..<20 where missing == 0 {
            reach(attempt, place.log)
            workers.append(try worker("b\(attempt)", place))
            #expect(wait(within: 20) { place.log.events("worker_joined").count > attempt + 1 })
            missing = place.log.events("worker_joined").last?["missing_shards"] as? Int ?? 0
        }
        #expect(missing > 0, "\(name): no worker came in the middle of a step")
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        try close(name, place.log)
    }

    func coordinatorKilled() throws {
        let name = "2 workers, TCP, coordinator killed and resumed"
        let place = try place(name, isRemote: true)
        let first = try coordinator(place)
        let workers = try ["a", "b"].map { try worker($0, place) }
        #expect(wait(within: 60) { place.log.trainingSteps.count >= steps * 2 / 5 })
        first.end(SIGKILL)
        let reached = place.log.trainingSteps.last?.step ?? 0
        let second = try coordinator(place)
        #expect(second.status() == 0, "\(second.text)")
        let resumed = place.log.events("resumed").last?["step"] as? Int ?? -1
        // The checkpoint is older than the steps that were lost, so the kill fell between two of them.
        #expect(
            resumed > 0 && resumed < reached, "resumed after \(resumed), killed after \(reached)")
        // What was computed twice was computed equal.
        var seen: [Int: String] = [:]
        for (step, weights) in place.log.trainingSteps {
            if let earlier = seen[step] { #expect(earlier == weights, "step \(step)") }
            seen[step] = weights
        }
        #expect(seen.count == steps)
        for worker in workers { #expect(worker.status() == 0, "\(worker.text)") }
        try close(name, place.log)
    }

    /// The portable kernels are slow: a few steps of them.
    ///
    /// - Returns: How many steps left the weights that the reference has.
    func portable(_ reference: EventFile, steps count: Int) throws -> Int {
        let place = try place("portable")
        let program = try ConvoyProgram(
            [
                "train", jobFile, "--quiet", "--output", place.run, "--log-json", place.log.path,
                "--workers", "2", "--engine", "portable",
            ], in: folder.path)
        #expect(wait(within: 120) { place.log.trainingSteps.count >= count }, "\(program.text)")
        program.end(SIGTERM)
        let steps = place.log.trainingSteps.prefix(count)
        let expected = reference.trainingSteps.prefix(count)
        #expect(steps.map(\.step) == Array(1...count))
        #expect(steps.map(\.weights) == expected.map(\.weights))
        return steps.count
    }

    // MARK: Places and processes

    /// Waits for a step in the middle of the run, a later one with each attempt of twenty.
    private func reach(_ attempt: Int, _ log: EventFile) {
        let goal = steps / 6 + attempt * steps / 32
        #expect(wait(within: 60) { log.trainingSteps.count >= goal })
    }

    private struct Place {
        let run: String
        let log: EventFile
        let endpoint: String
    }

    /// - Parameter isRemote: Tensors travel through sockets, as between machines.
    private func place(_ name: String, isRemote: Bool = false) throws -> Place {
        let path = folder.path + "/\(rows.count)-" + name.filter(\.isLetter).prefix(20)
        return Place(
            run: path, log: EventFile(path: path + ".jsonl"),
            endpoint: isRemote
                ? "tcp://127.0.0.1:\(try freePort())" : "ipc://\(folder.path)/\(rows.count)")
    }

    private func coordinator(_ place: Place) throws -> ConvoyProgram {
        try ConvoyProgram(
            [
                "coordinator", jobFile, "--quiet", "--bind", place.endpoint, "--output", place.run,
                "--log-json", place.log.path,
            ] + keys.coordinator, in: folder.path)
    }

    private func worker(
        _ name: String, _ place: Place, _ arguments: [String] = []
    ) throws -> ConvoyProgram {
        try ConvoyProgram(
            ["worker", "--connect", place.endpoint, "--name", name, "--threads", "1"]
                + keys.worker + arguments, in: folder.path)
    }

    /// Notes a run's digest; every worker of it must have had a part.
    private func close(_ name: String, _ log: EventFile) throws {
        rows.append((name, log.finalWeights ?? "no result"))
        #expect(log.contributions.values.allSatisfy { $0 > 0 }, "\(name): \(log.contributions)")
    }
}
