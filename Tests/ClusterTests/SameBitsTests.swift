// SPDX-License-Identifier: Apache-2.0
//
// The one idea, put to the test with real processes: same job, same bits.

import Foundation
import Testing

/// Trains one job in every way a run can go, and compares the SHA-256 of the final weights.
///
/// The job has eight shards a step and an odd last batch, dropout, the flip and Adam, 255 steps with three
/// validations and a checkpoint every 40 steps.
@Suite(.serialized) final class SameBitsTests {
    private static let job = """
        name: same-bits
        seed: 11
        dataset:
          format: shapes
          augmentation: {horizontal_flip: true, rotation_range: 20, zoom_range: 0.1}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
          - MaxPooling2D
          - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu}
          - Conv2D: {filters: 32, kernel_size: 5, strides: 2, activation: relu}
          - MaxPooling2D: {pool_size: 3, strides: 1}
          - Flatten
          - Dropout: {rate: 0.3}
          - Dense: {units: 100, activation: relu}
          - Dense: {units: 10}
        training: {epochs: 3, batch_size: 118, optimizer: adam, checkpoint_every_steps: 40}
        cluster: {heartbeat_seconds: 0.1}
        """
    private let folder: ScratchFolder
    private let jobFile: String
    private var rows: [(name: String, digest: String)] = []

    init() throws {
        folder = try ScratchFolder()
        jobFile = folder.path + "/job.yaml"
        try Self.job.write(toFile: jobFile, atomically: true, encoding: .utf8)
    }

    @Test func sameJobSameBits() throws {
        let reference = try train("1 worker, 1 thread", ["--workers", "1"])
        #expect(reference.trainingSteps.count == 255)
        try train("2 workers", ["--workers", "2"])
        try train("3 workers", ["--workers", "3"])
        try train("5 workers", ["--workers", "5"])
        try train("1 worker, 2 threads", ["--workers", "1", "--threads", "2"])
        try train("2 workers, 2 threads each", ["--workers", "2", "--threads", "2"])
        try train("2 workers, AVX2", ["--workers", "2", "--engine", "avx2"])
        try train("2 workers, local data", ["--workers", "2", "--set", "cluster.data=local"])
        try mixed()
        try workerKilled()
        try workerJoins()
        try coordinatorKilled()
        let steps = try portable(reference)

        print("\nsame job, same bits: SHA-256 of the final weights after 255 steps")
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            print(row.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + row.digest)
        }
        print(
            "2 workers, portable kernels: the same weights after each of the first \(steps) steps\n"
        )
        for row in rows { #expect(row.digest == rows[0].digest, "\(row.name)") }
    }

    /// One command, from start to end.
    @discardableResult
    private func train(_ name: String, _ arguments: [String]) throws -> EventFile {
        let place = try place(name)
        let result = try ConvoyProgram.run(
            [
                "train", jobFile, "--quiet", "--output", place.run, "--log-json", place.log.path,
                // Nobody is lost here, however busy the machine is.
                "--set", "cluster.heartbeat_seconds=2",
            ] + arguments, in: folder.path)
        #expect(result.status == 0, "\(name): \(result.text)")
        try close(name, place.log)
        let workers = arguments.first == "--workers" ? Int(arguments[1]) ?? 0 : 0
        #expect(place.log.contributions.count == workers, "\(name): \(place.log.contributions)")
        return place.log
    }

    private func mixed() throws {
        let name = "2 workers, TCP, AVX2 beside the best"
        let place = try place(name, isRemote: true)
        let coordinator = try coordinator(place)
        let workers = [try worker("a", place, ["--engine", "avx2"]), try worker("b", place)]
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        for worker in workers { #expect(worker.status() == 0, "\(worker.text)") }
        try close(name, place.log)
    }

    private func workerKilled() throws {
        let name = "2 workers, one killed in mid-step"
        let place = try place(name)
        let coordinator = try coordinator(place)
        var workers = try ["a", "b"].map { try worker($0, place) }
        // A worker may be killed in the moment between its last vector and the step's end: then it owed
        // nothing, and another one is sent into battle.
        var owed = 0
        for attempt in 0..<20 where owed == 0 {
            let goal = 40 + 8 * attempt
            #expect(wait(within: 60) { place.log.trainingSteps.count >= goal })
            workers[0].end(SIGKILL)
            #expect(wait(within: 20) { place.log.events("worker_lost").count > attempt })
            owed = place.log.events("worker_lost").last?["owed_shards"] as? Int ?? 0
            if owed == 0 { workers[0] = try worker("a\(attempt)", place) }
        }
        #expect(owed > 0, "\(name): no kill fell into a step")
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        try close(name, place.log)
    }

    private func workerJoins() throws {
        let name = "1 worker, another joins in mid-step"
        let place = try place(name)
        let coordinator = try coordinator(place)
        var workers = [try worker("a", place)]
        var missing = 0
        for attempt in 0..<20 where missing == 0 {
            let goal = 40 + 8 * attempt
            #expect(wait(within: 60) { place.log.trainingSteps.count >= goal })
            workers.append(try worker("b\(attempt)", place))
            #expect(wait(within: 20) { place.log.events("worker_joined").count > attempt + 1 })
            missing = place.log.events("worker_joined").last?["missing_shards"] as? Int ?? 0
        }
        #expect(missing > 0, "\(name): no worker came in the middle of a step")
        #expect(coordinator.status() == 0, "\(coordinator.text)")
        try close(name, place.log)
    }

    private func coordinatorKilled() throws {
        let name = "2 workers, TCP, coordinator killed and resumed"
        let place = try place(name, isRemote: true)
        let first = try coordinator(place)
        let workers = try ["a", "b"].map { try worker($0, place) }
        #expect(wait(within: 60) { place.log.trainingSteps.count >= 100 })
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
        #expect(seen.count == 255)
        for worker in workers { #expect(worker.status() == 0, "\(worker.text)") }
        try close(name, place.log)
    }

    /// The portable kernels are slow: ten steps of them.
    private func portable(_ reference: EventFile) throws -> Int {
        let place = try place("portable")
        let program = try ConvoyProgram(
            [
                "train", jobFile, "--quiet", "--output", place.run, "--log-json", place.log.path,
                "--workers", "2", "--engine", "portable",
            ], in: folder.path)
        #expect(wait(within: 120) { place.log.trainingSteps.count >= 10 }, "\(program.text)")
        program.end(SIGTERM)
        let steps = place.log.trainingSteps.prefix(10)
        let expected = reference.trainingSteps.prefix(10)
        #expect(steps.map(\.step) == Array(1...10))
        #expect(steps.map(\.weights) == expected.map(\.weights))
        return steps.count
    }

    // MARK: Places and processes

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
            ], in: folder.path)
    }

    private func worker(
        _ name: String, _ place: Place, _ arguments: [String] = []
    ) throws -> ConvoyProgram {
        try ConvoyProgram(
            ["worker", "--connect", place.endpoint, "--name", name, "--threads", "1"] + arguments,
            in: folder.path)
    }

    /// Notes a run's digest; every worker of it must have had a part.
    private func close(_ name: String, _ log: EventFile) throws {
        rows.append((name, log.finalWeights ?? "no result"))
        #expect(log.contributions.allSatisfy { $0 > 0 }, "\(name): \(log.contributions)")
    }
}
