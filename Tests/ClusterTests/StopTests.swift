// SPDX-License-Identifier: Apache-2.0
//
// How processes end that are told to, or are made to: what they say, what they leave, what comes after.

import Foundation
import Testing

@Suite(.serialized) struct StopTests {
    static let job: String = Self.job(heartbeat: 1)

    /// 170 steps of 15 shards; a checkpoint has about 600 KiB.
    ///
    /// - Parameter heartbeat: Seconds.
    static func job(heartbeat: Double) -> String {
        """
        name: stop
        seed: 31
        dataset: {format: shapes, augmentation: {horizontal_flip: true}}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
          - MaxPooling2D
          - Conv2D: {filters: 16, kernel_size: 3, strides: 2, activation: relu}
          - Flatten
          - Dense: {units: 64, activation: relu}
          - Dense: {units: 10}
        training: {epochs: 2, batch_size: 118, shard_size: 8, optimizer: adam}
        cluster: {heartbeat_seconds: \(heartbeat)}
        """
    }

    /// SIGTERM to the coordinator: a checkpoint of the step it was at, the exit code of `EX_TEMPFAIL`, and
    /// workers that stay. The same command goes on with them.
    @Test func aStoppedRunGoesOnWhereItStood() throws {
        let run = try DisturbedRun(job: Self.job)
        let expected = try run.undisturbed()
        try run.startCoordinator()
        for number in 0..<2 {
            try run.startWorker(number, faults: Brake.plan(["worker-\(number)": [50]]))
        }
        let first = try #require(run.coordinator)
        #expect(wait(within: 60) { run.log.lastTrainingStep >= 40 }, "\(run.report)")
        first.send(SIGTERM)
        #expect(first.status(within: 20) == 75, "\(first.text)")
        #expect(
            first.text.contains("with a checkpoint; the same command goes on from there"),
            "\(first.text)")
        let reached = run.log.lastTrainingStep
        #expect(!run.workers.values.contains { !$0.isRunning }, "\(run.report)")

        try run.startCoordinator()
        #expect(run.coordinator?.status() == 0, "\(run.report)")
        #expect(run.log.events("resumed").last?["step"] as? Int == reached)
        #expect(run.log.trainingSteps.map(\.weights) == expected.trainingSteps.map(\.weights))
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        run.checkDepartures()
    }

    /// SIGTERM to a worker: it says goodbye and exits with 0. The other one, which goes by the same name,
    /// does the rest.
    @Test func aWorkerThatIsToldToStopLeavesAndItsNamesakeGoesOn() throws {
        let run = try DisturbedRun(job: Self.job)
        let expected = try run.undisturbed()
        try run.startCoordinator()
        for number in 0..<2 {
            try run.startWorker(number, name: "twin", faults: Brake.plan(["twin": [30, 50]]))
        }
        #expect(wait(within: 60) { run.log.events("worker_joined").count == 2 }, "\(run.report)")
        #expect(wait(within: 60) { run.log.lastTrainingStep >= 40 }, "\(run.report)")
        run.workers[0]?.send(SIGTERM)
        #expect(run.workers[0]?.status(within: 20) == 0, "\(run.report)")
        #expect(run.workers[0]?.text.contains("told to stop") == true, "\(run.report)")
        #expect(run.coordinator?.status() == 0, "\(run.report)")
        let names = run.log.events("worker_joined").compactMap { $0["worker"] as? String }
        #expect(names.sorted() == ["twin", "twin#2"])
        let lost = run.log.events("worker_lost").map { $0["reason"] as? String }
        #expect(lost == ["told to stop"])
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
    }

    /// The disk is full when a checkpoint is written: a sentence, and the one before stays. The run goes on
    /// from it when there is room.
    @Test func aFullDiskCostsOnlyTheStepsSinceTheLastCheckpoint() throws {
        let run = try DisturbedRun(job: Self.job)
        let expected = try run.undisturbed()
        try run.startCoordinator()
        try run.startWorker(0, faults: Brake.plan(["worker-0": [50]]))
        #expect(wait(within: 60) { run.log.lastTrainingStep >= 40 }, "\(run.report)")
        run.coordinator?.send(SIGTERM)
        #expect(run.coordinator?.status(within: 20) == 75, "\(run.report)")
        let checkpoints = run.path + "/run/checkpoints"
        let before = try Self.contents(of: checkpoints)
        #expect(!before.isEmpty && before.values.allSatisfy { $0.count > 200_000 })

        // Enough for the logs, too little for a checkpoint.
        try run.startCoordinator(
            launcher: ["/bin/bash", "-c", "ulimit -f 128; exec \"$0\" \"$@\""])
        #expect(run.coordinator?.status() == 1, "\(run.report)")
        let text = run.coordinator?.text ?? ""
        #expect(
            text.contains("File too large; free some space on that disk; the file that was there"),
            "\(text)")
        #expect(try Self.contents(of: checkpoints) == before)

        try run.startCoordinator()
        try run.startWorker(1)
        #expect(run.coordinator?.status() == 0, "\(run.report)")
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
    }

    /// The same on a disk that is really full, in the middle of a run.
    @Test(.enabled(if: SmallDisk.obstacle == nil, "\(SmallDisk.obstacle ?? "")"))
    func aDiskThatFillsUpLeavesTheCheckpointsWhole() throws {
        let run = try DisturbedRun(
            job: Self.job.replacingOccurrences(
                of: "epochs: 2", with: "epochs: 2, checkpoint_every_steps: 20"))
        let expected = try run.undisturbed()
        let disk = try SmallDisk(mebibytes: 16, in: run.path)
        let output = disk.path + "/run"
        try run.startCoordinator(launcher: disk.launcher, output: output)
        try run.startWorker(0, faults: Brake.plan(["worker-0": [50]]))
        #expect(wait(within: 60) { run.log.events("checkpoint").count == 2 }, "\(run.report)")
        disk.fill()
        let checkpoints = disk.view + "/run/checkpoints"
        let before = try Self.contents(of: checkpoints)
        #expect(before.count == 2 && before.values.allSatisfy { $0.count > 200_000 })
        #expect(run.coordinator?.status() == 1, "\(run.report)")
        let text = run.coordinator?.text ?? ""
        #expect(text.contains("No space left on device; free some space on that disk"), "\(text)")
        #expect(try Self.contents(of: checkpoints) == before)

        try disk.empty()
        try run.startCoordinator(launcher: disk.launcher, output: output)
        try run.startWorker(1)
        #expect(run.coordinator?.status() == 0, "\(run.report)")
        #expect(run.log.events("resumed").last?["step"] as? Int == 40)
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
    }

    /// All files of a folder.
    private static func contents(of folder: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, FileManager.default.contents(atPath: folder + "/" + $0) ?? Data())
            })
    }

    /// However the one command ends, its workers end too, and the directory of its socket is gone.
    @Test(arguments: [SIGKILL, SIGTERM, SIGINT])
    func theOneCommandLeavesNothingBehind(_ signal: Int32) throws {
        let folder = try ScratchFolder()
        try Self.job.write(
            toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
        try Brake.plan(["worker-1": [20], "worker-2": [20]]).write(
            toFile: folder.path + "/plan.yaml", atomically: true, encoding: .utf8)
        let log = EventFile(path: folder.path + "/log.jsonl")
        let program = try ConvoyProgram(
            [
                "train", folder.path + "/job.yaml", "--workers", "2", "--output",
                folder.path + "/run", "--log-json", log.path,
                "--fault-plan", folder.path + "/plan.yaml",
            ], in: folder.path, variables: ["TMPDIR": folder.path, "XDG_RUNTIME_DIR": nil])
        func sockets() -> [String] {
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
            return (names ?? []).filter { $0.hasPrefix("convoy-") }
        }
        #expect(wait(within: 60) { log.lastTrainingStep >= 10 }, "\(program.text)")
        #expect(sockets().count == 1)
        program.send(signal)
        #expect(program.status(within: 20) == (signal == SIGKILL ? 128 + SIGKILL : 75))
        #expect(wait(within: 20) { DisturbedRun.leftovers(of: folder.path) == [folder.path] })
        #expect(sockets() == [])
    }
}
