// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to coordinator and workers, the run ends, and with the bits of one that nobody disturbed.

import Foundation
import Testing

@Suite(.serialized) struct ChaosTests {
    private static let epochs = 24
    private static let stepsPerEpoch = 85
    private static let events = 220
    /// A run that shows nothing new for so long stands still.
    private static let patience = 60.0
    /// Several chunks of weights, and more shards than workers, so that every part of a step can be lost.
    private static let job = """
        name: chaos
        seed: 23
        dataset: {format: shapes, augmentation: {horizontal_flip: true}}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, strides: 2, activation: relu}
          - MaxPooling2D
          - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu}
          - Flatten
          - Dropout: {rate: 0.3}
          - Dense: {units: 48, activation: relu}
          - Dense: {units: 64, activation: relu}
          - Dense: {units: 10}
        training:
          epochs: \(epochs)
          batch_size: 118
          shard_size: 8
          optimizer: adam
          checkpoint_every_steps: 25
        cluster:
          heartbeat_seconds: \(ChaosSchedule.deadline / 3)
          missed_heartbeats: 3
          audit: 0.02
          wait_for_workers_seconds: 60
        """

    @Test(
        .enabled(if: LongRuns.areWanted, LongRuns.hint),
        arguments: ChaosSchedule.Victims.allCases)
    func disturbedRunsEndWithTheSameBits(_ victims: ChaosSchedule.Victims) throws {
        let seed = LongRuns.chaosSeed ?? UInt64.random(in: 1...999_999)
        let folder = try disturb(victims, seed)
        #expect(DisturbedRun.leftovers(of: folder) == [])
    }

    /// - Returns: The folder that the run had.
    private func disturb(_ victims: ChaosSchedule.Victims, _ seed: UInt64) throws -> String {
        print("chaos for \(victims): CONVOY_CHAOS_SEED=\(seed) repeats this schedule")
        let cluster = try DisturbedRun(
            job: Self.job, isRemote: victims == .workersCoordinatorAndNetwork)
        let undisturbed = try cluster.undisturbed()
        let steps = Self.epochs * Self.stepsPerEpoch
        #expect(undisturbed.trainingSteps.count == steps)

        try cluster.startCoordinator()
        var counts: [String: Int] = [:]
        let schedule = ChaosSchedule(seed: seed, count: Self.events, victims: victims)
        for (index, item) in schedule.events.enumerated() {
            // Where all goes well, events come faster, so that all of them fit into the run.
            let goal = (index + 1) * steps / (Self.events + 20)
            cluster.wait(within: item.pause) { $0.lastTrainingStep >= goal }
            try cluster.perform(item.event)
            counts[item.event.kind, default: 0] += 1
        }
        let beforeCalm = cluster.log.lastTrainingStep
        let status = try cluster.calmDown(patience: Self.patience)
        #expect(status == 0, "seed \(seed): \(cluster.report)")
        #expect(beforeCalm < steps, "seed \(seed): the run ended before its last event")

        let digests = [undisturbed.finalWeights, cluster.log.finalWeights]
        print("chaos for \(victims): seed \(seed), \(Self.events) events in \(steps) steps")
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
            print("  \(count) x \(kind)")
        }
        print("  joined \(cluster.log.events("worker_joined").count) times")
        print("  lost \(cluster.log.events("worker_lost").count) times")
        print("  resumed \(cluster.log.events("resumed").count) times")
        print("  weights, undisturbed: \(digests[0] ?? "no result")")
        print("  weights, disturbed:   \(digests[1] ?? "no result")")
        #expect(digests[0] != nil && digests[0] == digests[1], "seed \(seed)")
        // Each step of each start of the coordinator, too.
        let expected = undisturbed.trainingSteps.map(\.weights)
        let wrong = cluster.log.trainingSteps.first {
            $0.step > expected.count || expected[$0.step - 1] != $0.weights
        }
        #expect(wrong == nil, "seed \(seed): other weights after step \(wrong?.step ?? 0)")
        cluster.checkDepartures()
        return cluster.path
    }

    /// A worker that is stopped for longer than its deadline is taken for lost. When it goes on it finds
    /// that out, says hello again, and works on where it stood. It is alone: nobody covers for it.
    @Test(.enabled(if: LongRuns.areWanted, LongRuns.hint))
    func aFrozenWorkerComesBack() throws {
        let cluster = try DisturbedRun(job: Self.job)
        try cluster.startCoordinator()
        try cluster.perform(.startWorker(0, threads: 1))
        let log = cluster.log
        #expect(wait(within: 60) { log.events("worker_joined").count == 1 })
        for round in 1...20 {
            let goal = log.lastTrainingStep + 7
            #expect(wait(within: 20) { log.lastTrainingStep >= goal }, "\(cluster.report)")
            cluster.workers[0]?.send(SIGSTOP)
            #expect(wait(within: 20) { log.events("worker_lost").count >= round })
            cluster.workers[0]?.send(SIGCONT)
            #expect(wait(within: 20) { log.events("worker_joined").count > round })
        }
        let goal = log.lastTrainingStep + 50
        #expect(wait(within: 20) { log.lastTrainingStep >= goal }, "\(cluster.report)")
    }

    /// A machine that was asleep: the worker looks for its coordinator for as long as it was told to, and
    /// does not count the time for which it could not look.
    @Test(.enabled(if: LongRuns.areWanted, LongRuns.hint))
    func aWorkerThatSleptLongerThanItsPatienceComesBack() throws {
        let cluster = try DisturbedRun(job: Self.job)
        try cluster.startCoordinator()
        try cluster.startWorker(0, threads: 1, patience: 2)
        let log = cluster.log
        #expect(wait(within: 60) { log.lastTrainingStep >= 20 })
        cluster.workers[0]?.send(SIGSTOP)
        // The coordinator that it wakes up to has never heard of it.
        try cluster.perform(.killCoordinator(secondsDown: 0))
        cluster.wait(within: 3.5) { _ in false }
        cluster.workers[0]?.send(SIGCONT)
        #expect(wait(within: 20) { log.events("worker_joined").count == 2 }, "\(cluster.report)")
    }
}
