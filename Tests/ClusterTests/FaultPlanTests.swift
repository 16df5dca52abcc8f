// SPDX-License-Identifier: Apache-2.0
//
// Each accident at each moment of a step, by a fault plan: the run goes on, and ends with the same bits.

import Foundation
import Testing

@Suite(.serialized) struct FaultPlanTests {
    /// What an undisturbed run of the job comes to, found once.
    private static let undisturbed = Result {
        let run = try DisturbedRun(job: StopTests.job)
        let log = try run.undisturbed()
        return (steps: log.trainingSteps.map(\.weights), weights: try #require(log.finalWeights))
    }

    private let folder: ScratchFolder
    private let log: EventFile

    init() throws {
        folder = try ScratchFolder()
        log = EventFile(path: folder.path + "/log.jsonl")
        try StopTests.job.write(
            toFile: folder.path + "/job.yaml", atomically: true, encoding: .utf8)
    }

    private func train(
        _ plan: String, workers: Int = 2, _ settings: String...
    ) throws -> (status: Int32, text: String) {
        try plan.write(toFile: folder.path + "/plan.yaml", atomically: true, encoding: .utf8)
        return try ConvoyProgram.run(
            [
                "train", folder.path + "/job.yaml", "--quiet", "--workers", "\(workers)",
                "--output", folder.path + "/run", "--log-json", log.path,
                "--fault-plan", folder.path + "/plan.yaml",
            ] + settings.flatMap { ["--set", $0] }, in: folder.path)
    }

    @Test(arguments: [
        ("lease", "action: kill", "worker_lost", ""),
        ("compute", "action: kill", "worker_lost", ""),
        ("send", "action: kill", "worker_lost", ""),
        ("compute", "action: stop, seconds: 3", "worker_lost", "silent for"),
        ("send", "action: leave", "worker_lost", "told to stop"),
        ("compute", "action: delay, seconds: 3", "straggler", ""),
        ("lease", "action: drop-connection", "worker_joined", ""),
        ("send", "action: drop-connection", "worker_joined", ""),
    ])
    func aWorkersAccidentChangesNoBit(
        phase: String, action: String, event: String, reason: String
    ) throws {
        let expected = try Self.undisturbed.get()
        let isDelay = event == "straggler"
        // The other one lingers, so the run cannot end before the accident is seen.
        let result = try train(
            "- {step: 40, phase: \(phase), worker: worker-1, \(action)}\n"
                + Brake.plan(["worker-2": [60]]),
            "cluster.heartbeat_seconds=0.5")
        #expect(result.status == 0, "\(result.text)")
        // Six heartbeats long it computes, and shows all the time that it lives.
        let silent = log.events("worker_lost").filter {
            ($0["reason"] as? String)?.hasPrefix("silent") == true
        }
        #expect(!isDelay || silent.isEmpty, "\(silent)")
        let happened = log.events(event).filter {
            ($0["worker"] as? String)?.hasPrefix("worker-1") == true
        }
        // Both workers join once in any case.
        #expect(happened.count >= (event == "worker_joined" ? 2 : 1), "\(log.events(event))")
        #expect(
            reason.isEmpty
                || happened.contains { ($0["reason"] as? String)?.contains(reason) == true },
            "\(happened)")
        #expect(log.trainingSteps.map(\.weights) == expected.steps)
        #expect(log.finalWeights == expected.weights)
    }

    @Test(arguments: [("kill", 128 + SIGKILL), ("leave", 75), ("stop, seconds: 2", 0)])
    func theCoordinatorsAccidentChangesNoBit(action: String, status: Int32) throws {
        let expected = try Self.undisturbed.get()
        // The checkpoint of step 85 is written beside the steps after it.
        let first = try train(
            "- {step: 100, worker: coordinator, action: \(action)}\n"
                + Brake.plan(["worker-1": [95], "worker-2": [95]]))
        #expect(first.status == status, "\(first.text)")
        if status != 0 {
            let done = log.lastTrainingStep
            let second = try train("[]")
            #expect(second.status == 0, "\(second.text)")
            // A run that was told to stop loses no step, one that was killed those since its checkpoint.
            let resumed = log.events("resumed").first?["step"] as? Int
            #expect(resumed == (status == 75 ? done : 85))
            #expect(done >= 100)
        }
        #expect(log.finalWeights == expected.weights)
    }

    // MARK: Workers that compute wrong

    /// Unless anybody looks, a flipped bit goes unnoticed: the plan does what it says.
    @Test func withoutAuditsAFlippedBitIsInTheResult() throws {
        let expected = try Self.undisturbed.get()
        let result = try train("- {step: 60, worker: worker-2, action: corrupt}")
        #expect(result.status == 0, "\(result.text)")
        let steps = log.trainingSteps.map(\.weights)
        #expect(steps.prefix(59) == expected.steps.prefix(59))
        #expect(log.finalWeights != nil && log.finalWeights != expected.weights)
    }

    @Test(arguments: ["1", "0.05"])
    func aWorkerThatFlipsABitIsPutOutAndTheRunGoesBack(share: String) throws {
        let expected = try Self.undisturbed.get()
        let result = try train(
            "- {step: 60, worker: worker-2, action: corrupt}", workers: 3,
            "cluster.audit=\(share)", "training.checkpoint_every_steps=20")
        #expect(result.status == 0, "\(result.text)")
        let found = log.events("worker_distrusted")
        #expect(found.count == 1 && found.first?["worker"] as? String == "worker-2", "\(found)")
        let resumed = log.events("resumed").first?["step"] as? Int ?? 0
        #expect(resumed < 60 && resumed % 20 == 0, "back to \(resumed)")
        #expect(log.trainingSteps.suffix(10).map(\.weights) == expected.steps.suffix(10))
        #expect(log.finalWeights == expected.weights)
    }

    /// The same between machines: the coordinator begins anew at the same port, and its workers find it.
    @Test func byTCPTheRunGoesBackToo() throws {
        let expected = try Self.undisturbed.get()
        let run = try DisturbedRun(
            job: StopTests.job.replacingOccurrences(of: "cluster: {", with: "cluster: {audit: 1, ")
                .replacingOccurrences(
                    of: "epochs: 2", with: "epochs: 2, checkpoint_every_steps: 20"),
            isRemote: true)
        try run.startCoordinator()
        // All are there when one of them begins to compute wrong.
        let brakes = Brake.plan(["worker-0": [25], "worker-1": [25], "worker-2": [25]])
        for number in 0..<3 {
            try run.startWorker(
                number,
                faults: brakes + "\n- {step: 60, worker: worker-2, action: corrupt}")
        }
        #expect(run.coordinator?.status() == 0, "\(run.report)")
        let found = run.log.events("worker_distrusted").map { $0["worker"] as? String }
        #expect(found == ["worker-2"])
        let resumed = run.log.events("resumed").map { $0["step"] as? Int ?? 0 }
        #expect(resumed.count == 1 && resumed[0] < 60 && resumed[0] % 20 == 0, "\(resumed)")
        #expect(run.workers[2]?.status(within: 20) == 1, "\(run.report)")
        for number in 0..<2 { #expect(run.workers[number]?.status(within: 20) == 0) }
        #expect(run.log.trainingSteps.suffix(10).map(\.weights) == expected.steps.suffix(10))
        #expect(run.log.finalWeights == expected.weights)
    }

    @Test func auditsChangeNoBit() throws {
        let expected = try Self.undisturbed.get()
        let result = try train("[]", workers: 3, "cluster.audit=0.2")
        #expect(result.status == 0, "\(result.text)")
        #expect(log.events("worker_distrusted").isEmpty)
        #expect(log.finalWeights == expected.weights)
    }

    /// Of two that disagree nobody knows who is right. The run waits for a third, and goes on with it.
    @Test func twoWorkersThatDisagreeWaitForAThird() throws {
        let expected = try Self.undisturbed.get()
        let run = try DisturbedRun(
            job: StopTests.job.replacingOccurrences(
                of: "cluster: {", with: "cluster: {audit: 0.2, "))
        try run.startCoordinator()
        for number in 0..<2 {
            try run.startWorker(
                number,
                faults: "- {step: 30, worker: worker-1, action: corrupt}\n"
                    + Brake.plan(["worker-0": [25], "worker-1": [25]]))
        }
        #expect(wait(within: 60) { !run.log.events("undecided").isEmpty }, "\(run.report)")
        try run.startWorker(2)
        #expect(run.coordinator?.status() == 0, "\(run.report)")
        let found = run.log.events("worker_distrusted").map { $0["worker"] as? String }
        #expect(found == ["worker-1"])
        #expect(run.workers[1]?.status(within: 20) == 1, "\(run.report)")
        #expect(
            run.workers[1]?.text.contains("has computed otherwise than two others") == true,
            "\(run.report)")
        #expect(run.log.finalWeights == expected.weights)
    }

    // MARK: Plans

    @Test func aWorkerThatIsNoneOfTheRunIsNamed() throws {
        let result = try train("- {step: 1, worker: worker-3, action: kill}")
        #expect(result.status == 1)
        #expect(
            result.text.contains(
                "plan.yaml: worker 'worker-3' is none of this run; expected coordinator, worker-1, "
                    + "worker-2"), "\(result.text)")
    }

    @Test func aWrongPlanIsNamedWithItsLine() throws {
        let unknown = try train("- {step: 1, worker: w, action: explode}")
        #expect(unknown.status == 1)
        #expect(
            unknown.text.contains(
                "plan.yaml:1: [0].action: found 'explode', expected one of kill,"),
            "\(unknown.text)")
        let clash = try train("- {step: 1, worker: w, phase: commit, action: kill}")
        #expect(
            clash.text.contains("the coordinator, and nobody else, has the phase commit"),
            "\(clash.text)")
    }
}
