// SPDX-License-Identifier: Apache-2.0
//
// Real network faults, between namespaces: whatever happens to packets and cables, the same bits.

import Foundation
import Testing

@Suite(.serialized) struct NetworkTests {
    enum Fault: String, CaseIterable {
        /// A tenth of all packets is lost from the first to the last.
        case packetsLost
        /// The cable is pulled for less than the deadline, and put back.
        case cablePulledForAMoment
        /// The cable is pulled for so long that the worker is given up, and comes back.
        case cablePulledBeyondTheDeadline
        /// The line is so narrow that a chunk is on it all the time, and is cut and healed in its middle.
        case narrowLineCutWithinAChunk
        /// What the worker sends arrives, what it is sent does not, for longer than the deadline.
        case oneWay
        /// All that is sent to or by any worker is on its way for a while.
        case longWay

        /// Why it cannot be had here; nil if it can.
        var obstacle: String? { self == .longWay ? SlowLine.obstacle : nil }
    }

    /// Seconds of a packet on the long way.
    private static let delay = 0.03

    private static let heartbeat = 0.3
    private static let job = StopTests.job(heartbeat: heartbeat)

    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        .enabled(if: Namespaces.obstacle == nil, "\(Namespaces.obstacle ?? "")"),
        arguments: Fault.allCases)
    func aDisturbedNetworkChangesNoBit(_ fault: Fault) throws {
        if let obstacle = fault.obstacle { return print("\(fault) is left out: \(obstacle)") }
        let folder = try ScratchFolder()
        let job = folder.path + "/job.yaml"
        try Self.job.write(toFile: job, atomically: true, encoding: .utf8)
        let expected = EventFile(path: folder.path + "/expected.jsonl")
        let undisturbed = try ConvoyProgram.run(
            [
                "train", job, "--quiet", "--workers", "2", "--output", folder.path + "/expected",
                "--log-json", expected.path,
            ], in: folder.path)
        #expect(undisturbed.status == 0, "\(undisturbed.text)")

        let network = try Namespaces(workers: 2)
        let log = EventFile(path: folder.path + "/log.jsonl")
        let keys = try ConvoyProgram.keys(in: folder.path)
        let coordinator = try ConvoyProgram(
            [
                "coordinator", job, "--quiet", "--bind", "tcp://0.0.0.0:7070", "--output",
                folder.path + "/run", "--log-json", log.path,
            ] + keys.coordinator, in: folder.path,
            launcher: Namespaces.launcher(in: network.coordinator))
        let lines = try (0..<(fault == .longWay ? 2 : 0)).map {
            try network.lengthen($0, delay: Self.delay)
        }
        defer { withExtendedLifetime(lines) {} }
        if fault == .packetsLost { try network.lose(0, percent: 10) }
        // A chunk of 200 KiB takes a sixth of a second.
        if fault == .narrowLineCutWithinAChunk { try network.limit(0, to: "10mbit") }
        // Both are there when the fault strikes, and the other one does not do all the rest meanwhile.
        let plan = folder.path + "/plan.yaml"
        try Brake.plan(["w0": [20], "w1": [20, 60]]).write(
            toFile: plan, atomically: true, encoding: .utf8)
        let workers = try (0..<2).map { number in
            try ConvoyProgram(
                [
                    "worker", "--connect",
                    network.endpoint(of: number, isSlow: fault == .longWay),
                    "--name", "w\(number)", "--threads", "1", "--patience", "60",
                    "--fault-plan", plan,
                ] + keys.worker, in: folder.path,
                launcher: Namespaces.launcher(in: network.name(number)))
        }
        func report() -> String {
            "after step \(log.lastTrainingStep): \(coordinator.text)\(workers.map(\.text))"
        }
        #expect(wait(within: 60) { log.events("worker_joined").count == 2 }, "\(report())")
        let goal = log.lastTrainingStep + 10
        #expect(wait(within: 60) { log.lastTrainingStep >= goal }, "\(report())")
        switch fault {
        case .packetsLost, .longWay: break
        case .cablePulledForAMoment: try pull(network, for: Self.heartbeat)
        case .cablePulledBeyondTheDeadline: try pull(network, for: 8 * Self.heartbeat)
        case .narrowLineCutWithinAChunk:
            for _ in 0..<3 {
                try pull(network, for: Self.heartbeat)
                usleep(300_000)
            }
        case .oneWay:
            try network.lose(0, percent: 100)
            usleep(UInt32(8e6 * Self.heartbeat))
            try network.lose(0, percent: 0)
        }
        #expect(coordinator.status(within: 120) == 0, "\(report())")
        for worker in workers where worker.isRunning { worker.send(SIGTERM) }
        #expect(log.trainingSteps.map(\.weights) == expected.trainingSteps.map(\.weights))
        #expect(log.finalWeights != nil && log.finalWeights == expected.finalWeights)
        let lost = log.events("worker_lost").filter { $0["worker"] as? String == "w0" }
        print(
            "\(fault): w0 lost \(lost.count) times, \(log.finalWeights?.prefix(16) ?? "no result")")
        if fault == .longWay {
            // Weights go out and gradients come back in every step.
            let times = log.events("step").compactMap { $0["seconds"] as? Double }
            let time = (times.last ?? 0) - (times.first ?? 0)
            #expect(time > Double(log.trainingSteps.count - 1) * 2 * Self.delay, "\(time) s")
            #expect(lost.isEmpty && log.contributions.values.allSatisfy { $0 > 0 })
        }
        if fault == .cablePulledBeyondTheDeadline || fault == .oneWay { #expect(!lost.isEmpty) }
    }

    /// A line of 1 Gbit/s is busy for about as long as this computes. A dense layer is the last, as in most
    /// networks of images, and has nearly all of the weights.
    private static let wideJob = """
        name: wide
        seed: 5
        dataset: {format: shapes}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}
          - Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}
          - Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}
          - MaxPooling2D
          - Flatten
          - Dense: {units: 64, activation: relu}
          - Dense: {units: 10}
        training: {epochs: 1, steps_per_epoch: 120, batch_size: 32, shard_size: 16, optimizer: rmsprop}
        """

    /// Sums leave while earlier layers still compute, and weights come while others are computed with.
    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        .enabled(if: Namespaces.obstacle == nil, "\(Namespaces.obstacle ?? "")"))
    func aGigabitLineIsBusyWhileWorkersCompute() throws {
        let run = try DisturbedRun(job: Self.wideJob)
        let expected = try run.undisturbed()
        let network = try Namespaces(workers: 2)
        let path = run.path + "/trace.json"
        try train(run, by: network, ["--trace", path])
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        let trace = try TraceDrawing(path: path)
        for (process, name) in trace.processes where name != "coordinator" {
            for (line, least) in [("send", 0.1), ("receive", 0.02)] {
                let share = trace.hidden(line, behind: ["forward", "backward"], of: process)
                print(
                    "\(name) \(line): \(share.time / 1_000_000) ms, of which it computes "
                        + "\(share.hidden / 1_000_000) ms")
                #expect(
                    share.time > 0 && Double(share.hidden) > least * Double(share.time),
                    "\(name) \(line): \(share)")
            }
        }
    }

    /// Of 2 million weights, nearly all in one dense layer, a step brings less than a tenth to and from a worker.
    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        .enabled(if: Namespaces.obstacle == nil, "\(Namespaces.obstacle ?? "")"))
    func aWideLayerIsNoLoadForALine() throws {
        let run = try DisturbedRun(job: FactoredTests.job)
        let expected = try run.undisturbed()
        let network = try Namespaces(workers: 2)
        try train(run, by: network)
        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        let steps = expected.trainingSteps.count, weights = 2_100_000 * 4
        for worker in 0..<2 {
            let traffic = try network.traffic(of: worker)
            print(
                "w\(worker): \(traffic.up / steps / 1000) kB up and "
                    + "\(traffic.down / steps / 1000) kB down a step, of \(weights / 1000)")
            #expect(traffic.up > 0 && traffic.up < steps * weights / 10)
            // The weights have come once, and to who came after the first step both moments of Adam.
            #expect(traffic.down > weights && traffic.down < steps * weights / 10 + 4 * weights)
        }
    }

    /// From start to end, with two workers, each by a line of 1 Gbit/s.
    private func train(
        _ run: DisturbedRun, by network: Namespaces, _ options: [String] = []
    ) throws {
        for worker in 0..<2 { try network.limit(worker, to: "1gbit", burst: "256kb") }
        let keys = try ConvoyProgram.keys(in: run.path)
        let coordinator = try ConvoyProgram(
            [
                "coordinator", run.path + "/job.yaml", "--quiet", "--bind", "tcp://0.0.0.0:7070",
                "--output", run.path + "/run", "--log-json", run.log.path,
            ] + options + keys.coordinator, in: run.path,
            launcher: Namespaces.launcher(in: network.coordinator))
        let workers = try (0..<2).map { number in
            try ConvoyProgram(
                [
                    "worker", "--connect", network.endpoint(of: number), "--name", "w\(number)",
                    "--threads", "1",
                ] + keys.worker, in: run.path,
                launcher: Namespaces.launcher(in: network.name(number)))
        }
        #expect(coordinator.status(within: 120) == 0, "\(coordinator.text)\(workers.map(\.text))")
        for worker in workers { #expect(worker.status(within: 20) == 0, "\(worker.text)") }
    }

    private func pull(_ network: Namespaces, for seconds: Double) throws {
        try network.setCable(0, "down")
        usleep(UInt32(seconds * 1e6))
        try network.setCable(0, "up")
    }
}
