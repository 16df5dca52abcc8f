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
    }

    private static let heartbeat = 0.3
    private static let job = StopTests.job(heartbeat: heartbeat)

    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        .enabled(if: Namespaces.obstacle == nil, "\(Namespaces.obstacle ?? "")"),
        arguments: Fault.allCases)
    func aDisturbedNetworkChangesNoBit(_ fault: Fault) throws {
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
            ] + keys.coordinator, in: folder.path, namespace: network.coordinator)
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
                    "worker", "--connect", network.endpoint(of: number), "--name", "w\(number)",
                    "--threads", "1", "--patience", "60", "--fault-plan", plan,
                ] + keys.worker, in: folder.path, namespace: network.name(number))
        }
        func report() -> String {
            "after step \(log.lastTrainingStep): \(coordinator.text)\(workers.map(\.text))"
        }
        #expect(wait(within: 60) { log.events("worker_joined").count == 2 }, "\(report())")
        let goal = log.lastTrainingStep + 10
        #expect(wait(within: 60) { log.lastTrainingStep >= goal }, "\(report())")
        switch fault {
        case .packetsLost: break
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
        if fault == .cablePulledBeyondTheDeadline || fault == .oneWay { #expect(!lost.isEmpty) }
    }

    private func pull(_ network: Namespaces, for seconds: Double) throws {
        try network.setCable(0, "down")
        usleep(UInt32(seconds * 1e6))
        try network.setCable(0, "up")
    }
}
