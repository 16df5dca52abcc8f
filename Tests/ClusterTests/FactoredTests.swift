// SPDX-License-Identifier: Apache-2.0
//
// Layers whose gradients travel as factors, while workers and coordinators come and go.

import Foundation
import Testing

@Suite(.serialized) struct FactoredTests {
    /// 80 steps of four shards; the wide layer has nearly all of 2 million weights.
    static let job = """
        name: wide
        seed: 11
        dataset: {format: shapes}
        model:
          - Rescaling: {scale: 1/255}
          - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
          - MaxPooling2D
          - Flatten
          - Dense: {units: 512, activation: relu}
          - Dense: {units: 10}
        training:
          {epochs: 2, steps_per_epoch: 40, validation_steps: 1, batch_size: 32, shard_size: 8,
          optimizer: adam, checkpoint_every_steps: 10}
        cluster: {heartbeat_seconds: 0.5}
        """

    /// A worker is killed as it sends factors, another loses its connections, a third one joins; then the
    /// coordinator is killed, and goes on from its last checkpoint.
    @Test(arguments: [true, false]) func whoComesAndGoesChangesNoBit(isRemote: Bool) throws {
        let run = try DisturbedRun(job: Self.job, isRemote: isRemote)
        let expected = try run.undisturbed()
        try run.startCoordinator()
        try run.startWorker(
            0,
            faults: "- {step: 15, phase: send, worker: worker-0, action: kill}")
        try run.startWorker(
            1,
            faults: """
                - {step: 25, phase: send, worker: worker-1, action: drop-connection}
                \(Brake.plan(["worker-1": [5, 35, 55]]))
                """)
        run.wait(within: 60) { !$0.events("worker_lost").isEmpty }
        try run.startWorker(2, faults: Brake.plan(["worker-2": [55]]))
        run.wait(within: 60) { $0.lastTrainingStep >= 50 }
        run.coordinator?.end(SIGKILL)
        let reached = run.log.lastTrainingStep
        try run.startCoordinator()
        #expect(run.coordinator?.status() == 0, "\(run.report)")

        #expect(run.log.finalWeights != nil && run.log.finalWeights == expected.finalWeights)
        let steps = Dictionary(
            expected.trainingSteps.map { ($0.step, $0.weights) }, uniquingKeysWith: { $1 })
        for (step, weights) in run.log.trainingSteps { #expect(weights == steps[step]) }
        let resumed = try #require(run.log.events("resumed").last?["step"] as? Int)
        #expect(resumed <= reached && reached >= 50)
        let joined = run.log.events("worker_joined").compactMap { $0["worker"] as? String }
        #expect(Set(joined).isSuperset(of: ["worker-0", "worker-1", "worker-2"]))
        // Again after its connections were gone, perhaps before it was missed, and by the new coordinator.
        #expect(joined.count { $0.hasPrefix("worker-1") } >= 3, "\(joined)")
        #expect(run.log.contributions["worker-1", default: 0] > 0)
        #expect(run.log.contributions["worker-2", default: 0] > 0)
    }
}
