// SPDX-License-Identifier: Apache-2.0
//
// `convoy train --workers N`: workers that die, Ctrl-C, and the last word of a run that failed.

import Foundation
import Testing

@Suite(.serialized) struct OneCommandTests {
    private let folder: ScratchFolder
    private let log: EventFile

    init() throws {
        folder = try ScratchFolder()
        log = EventFile(path: folder.path + "/log.jsonl")
        try StopTests.job.write(
            toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
    }

    private func train(_ arguments: [String], log: EventFile? = nil) throws -> ConvoyProgram {
        try ConvoyProgram(
            [
                "train", folder.path + "/job.yaml", "--log-json", (log ?? self.log).path,
                "--output", folder.path + "/run",
            ] + arguments, in: folder.path)
    }

    /// A fault plan that leaves both workers a while at that step.
    private func brake(at step: Int) throws -> String {
        let path = folder.path + "/brakes.yaml"
        try Brake.plan(["worker-1": [step], "worker-2": [step]]).write(
            toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func undisturbed() throws -> String {
        let log = EventFile(path: folder.path + "/undisturbed.jsonl")
        let program = try train(
            ["--workers", "2", "--output", folder.path + "/undisturbed"], log: log)
        #expect(program.status() == 0, "\(program.text)")
        return try #require(log.finalWeights)
    }

    /// Process numbers of a program's workers, in the order in which they were started.
    private func workers(of program: ConvoyProgram) -> [Int32] {
        let own = "/proc/\(program.identifier)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: own)) ?? []
        return threads.flatMap { thread in
            let text = try? String(contentsOfFile: "\(own)/\(thread)/children", encoding: .utf8)
            return (text ?? "").split(separator: " ").compactMap { Int32($0) }
        }.sorted()
    }

    @Test func aWorkerThatIsKilledIsStartedAgainWithTheReason() throws {
        let expected = try undisturbed()
        let program = try train(["--workers", "2", "--fault-plan", try brake(at: 30)])
        #expect(wait(within: 60) { log.lastTrainingStep >= 20 }, "\(program.text)")
        let victim = try #require(workers(of: program).first)
        kill(victim, SIGKILL)
        #expect(program.status() == 0, "\(program.text)")
        #expect(
            program.text.contains("was killed by signal 9 (Killed)")
                && program.text.contains("started again (1 of at most 3 times)"),
            "\(program.text)")
        #expect(log.events("worker_restarted").count == 1)
        #expect(log.finalWeights == expected)
    }

    /// It has complained before.
    @Test func aWorkerThatIsGivenUpIsTheLastWord() throws {
        let plan = folder.path + "/plan.yaml"
        try """
        - {step: 10, phase: compute, worker: worker-1, action: drop-connection}
        - {step: 20, phase: compute, worker: worker-1, action: kill}
        """.write(toFile: plan, atomically: true, encoding: .utf8)
        let program = try train(
            ["--workers", "1", "--max-restarts", "0", "--fault-plan", plan, "--verbose"])
        #expect(program.status() == 1, "\(program.text)")
        let said = program.text.split(separator: "\n").map(String.init)
        let end = try #require(said.firstIndex { $0.hasPrefix("error: ") }, "\(said)")
        #expect(
            said[end] == "error: worker-1 was killed by signal 9 (Killed), as the system does when "
                + "memory runs out; the last it said:", "\(said)")
        let complaint = "looking for the coordinator again"
        let last = said[(end + 1)...]
        #expect(last.allSatisfy { $0.hasPrefix("  worker-1: ") }, "\(said)")
        #expect(last.contains { $0.contains(complaint) }, "\(said)")
        // Prefixed in the course of the run, too.
        #expect(
            said[..<end].contains { $0.hasPrefix("worker-1: ") && $0.contains(complaint) },
            "\(said)")
    }

    /// Its workers do not finish the step: they are stopped.
    @Test func ctrlCTwiceStopsNowAndTheRunGoesOn() throws {
        let expected = try undisturbed()
        let checkpoints = ["--set", "training.checkpoint_every_steps=10"]
        let first = try train(
            ["--workers", "2", "--fault-plan", try brake(at: 50)] + checkpoints)
        #expect(wait(within: 60) { log.lastTrainingStep >= 40 }, "\(first.text)")
        let workers = workers(of: first)
        #expect(workers.count == 2)
        for worker in workers { kill(worker, SIGSTOP) }
        first.send(SIGINT)
        #expect(
            wait(within: 10) {
                first.text.contains("stopping after the work in hand; Ctrl-C again stops at once")
            }, "\(first.text)")
        usleep(300_000)  // As long as a person needs; what comes sooner is the same Ctrl-C.
        first.send(SIGINT)
        #expect(first.status(within: 5) == 130, "\(first.text)")
        for worker in workers { kill(worker, SIGCONT) }
        #expect(wait(within: 20) { workers.allSatisfy { kill($0, 0) != 0 } })

        let second = try train(["--workers", "2"] + checkpoints)
        #expect(second.status() == 0, "\(second.text)")
        #expect(log.events("resumed").count == 1)
        #expect(log.finalWeights == expected)
    }
}
