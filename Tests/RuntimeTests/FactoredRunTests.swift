// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import Jobs
import Runtime
import Synchronization
import Testing
import Wire

/// The gradient of a wide layer travels as its factors; between machines workers step the layer themselves.
@Suite(.serialized) struct FactoredRunTests {
    /// Steps of three shards, of which the last is short, and one of two. The wide layer has 2 million weights.
    private static func job(_ overrides: [String] = []) throws -> Job {
        try Job.parse(
            yaml: """
                seed: 3
                dataset: {format: shapes}
                model:
                  - Rescaling: {scale: 1/255}
                  - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
                  - MaxPooling2D
                  - Flatten
                  - Dense: {units: 512, activation: relu, kernel_regularizer: {name: l2, l2: 0.001}}
                  - Dense: {units: 10}
                training:
                  {epochs: 2, steps_per_epoch: 5, validation_steps: 1, batch_size: 40, shard_size: 16,
                  optimizer: adam}
                """, overrides: overrides, file: "test.yaml")
    }

    private static func run(
        _ job: Job, workers: Int, threads: Int = 1, folder: TemporaryFolder? = nil,
        steps: Int? = nil,
        isRemote: Bool = true
    ) throws -> (report: FinalReport?, run: LocalRun, updates: Int) {
        let run = try LocalRun(workers: workers, threads: threads, folder: folder)
        run.isRemote = isRemote
        run.steps = steps
        let updates = WorkerUpdates()
        run.trace = updates
        let report = try run.run(job)
        #expect(run.faults == [])
        #expect(run.events.lost == [])
        return (report, run, updates.count)
    }

    @Test(arguments: [
        "adam", "sgd", "{name: sgd, momentum: 0.9, nesterov: true}", "rmsprop",
        "{name: adamw, use_ema: true, ema_momentum: 0.8}",
        "{name: sgd, learning_rate: {OneCycle: {max_learning_rate: 0.1, total_steps: 10}}}",
    ])
    func itHasTheBitsOfTheMachinesOwn(optimizer: String) throws {
        let job = try Self.job(["training.optimizer=\(optimizer)"])
        let here = try Self.run(job, workers: 1, isRemote: false)
        #expect(here.updates == 0)
        for (workers, threads) in [(1, 1), (3, 2)] {
            let there = try Self.run(job, workers: workers, threads: threads)
            #expect(there.updates > 0)
            #expect(there.report?.weightsDigest == here.report?.weightsDigest)
            #expect(
                there.run.events.steps.map(\.weightsDigest)
                    == here.run.events.steps.map(\.weightsDigest))
            #expect(there.run.events.epochs.map(\.loss) == here.run.events.epochs.map(\.loss))
        }
    }

    /// Where shards are audited, gradients are the workers' own: within a machine and between two, made of
    /// factors or not, they are the same.
    @Test func itHasTheBitsOfWholeGradients() throws {
        let whole = try Self.run(Self.job(["cluster.audit=0.5"]), workers: 2, isRemote: false)
        for (workers, isRemote) in [(1, false), (2, false), (3, false), (2, true)] {
            let run = try Self.run(Self.job(), workers: workers, isRemote: isRemote)
            #expect(run.report?.weightsDigest == whole.report?.weightsDigest)
            #expect(
                run.run.events.steps.map(\.weightsDigest)
                    == whole.run.events.steps.map(\.weightsDigest))
        }
    }

    /// Where every element needs the norm of all, nothing is stepped by workers.
    @Test func whatNeedsAllGradientsTravelsWhole() throws {
        let job = try Self.job(["training.optimizer={name: sgd, global_clipnorm: 1.0}"])
        let here = try Self.run(job, workers: 1, isRemote: false)
        let there = try Self.run(job, workers: 2)
        #expect(there.updates == 0)
        #expect(there.report?.weightsDigest == here.report?.weightsDigest)
    }

    /// The rate that a callback has lowered is the workers', too.
    @Test func callbacksReachTheWorkers() throws {
        let job = try Self.job([
            "training.epochs=4",
            "training.callbacks=[ReduceLROnPlateau: {monitor: loss, patience: 1, min_delta: 10}]",
        ])
        let here = try Self.run(job, workers: 1, isRemote: false)
        let there = try Self.run(job, workers: 2)
        #expect(here.run.events.callbacks.count > 0)
        #expect(there.updates > 0)
        #expect(there.report?.weightsDigest == here.report?.weightsDigest)
    }

    @Test func aRunGoesOnBetweenMachinesAndOnOne() throws {
        let job = try Self.job(["training.checkpoint_every_steps=1"])
        let expected = try Self.run(job, workers: 1, isRemote: false).report
        let folder = try TemporaryFolder()
        _ = try Self.run(job, workers: 2, folder: folder, steps: 3)
        let second = try Self.run(job, workers: 1, folder: folder, steps: 3)
        #expect(second.updates > 0)
        let last = try Self.run(job, workers: 2, folder: folder)
        #expect(last.run.events.resumed != nil)
        #expect(last.report?.weightsDigest == expected?.weightsDigest)
    }

    /// It gets the weights and what the optimizer keeps of them once, and steps the layer from then on; the
    /// other one leaves.
    @Test func aWorkerMayJoinAndAnotherLeave() throws {
        let job = try Self.job(["training.epochs=4"])
        let expected = try Self.run(job, workers: 1, isRemote: false).report
        let run = try LocalRun(workers: 0)
        run.isRemote = true
        let updates = WorkerUpdates()
        run.trace = updates
        let isTime = Flag(), leaves = try StopSignal()
        run.events.onStep = { steps in
            if steps == 5 { isTime.raise() }
            // Until it is there: nothing is computed meanwhile that could be over.
            if steps == 8, run.events.joined < 2 { usleep(300_000) }
            if steps == 14 { leaves.ring() }
        }
        let failures = run.failures
        func worker(_ number: Int, _ stop: StopSignal) throws -> WorkerOptions {
            var options = WorkerOptions(
                endpoint: "", name: "worker-\(number)", patience: .seconds(20))
            options.trust = run.keys.worker(number)
            return options
        }
        let options = try (0..<2).map { try worker($0, leaves) }
        let report = try run.lead(job) { endpoint in
            (0..<2).map { number in
                var mine = options[number]
                mine.endpoint = endpoint
                return thread { [mine] in
                    while number == 1, !isTime.isRaised { usleep(1000) }
                    do {
                        _ = try Worker(
                            options: mine, stop: number == 0 ? leaves : StopSignal(),
                            logger: .quiet
                        ).work()
                    } catch { failures.add("\(error)") }
                }
            }
        }
        #expect(run.faults == [])
        #expect(run.events.joined == 2 && run.events.lost == ["worker-0"])
        #expect(updates.processes == 2)
        #expect(report?.weightsDigest == expected?.weightsDigest)
    }

    /// What cannot be the factors of that shard is no reason to compute anything.
    @Test(arguments: ["bucket", "shard", "samples", "size", "checksum"])
    func factorsThatCannotBeCostTheSenderItsPlace(lie: String) throws {
        let job = try Self.job()
        let folder = try TemporaryFolder()
        let proof = try FakeWorker.proof(of: job, in: folder)
        let run = try LocalRun(workers: 0, folder: folder)
        run.isRemote = true
        run.keys = .none
        let failures = run.failures
        let report = try run.lead(job) { endpoint in
            [
                thread {
                    do {
                        var worker = try FakeWorker.joining(endpoint, proof: proof)
                        let lease = try worker.lease()
                        try worker.sendFactors(lease, lie: lie)
                        while true {
                            if case .goodbye = try worker.next() { break }
                        }
                        var options = WorkerOptions(
                            endpoint: endpoint, name: "real", patience: .seconds(20))
                        options.trust = .anyone
                        _ = try Worker(options: options, stop: StopSignal(), logger: .quiet).work()
                    } catch { failures.add("\(error)") }
                }
            ]
        }
        #expect(run.failures.all == [])
        let reason = lie == "checksum" ? "sent damaged factors" : "sent factors that cannot be"
        #expect(run.events.reasons.count == 1)
        #expect(run.events.reasons.first?.hasPrefix(reason) == true, "\(run.events.reasons)")
        let expected = try Self.run(job, workers: 1, isRemote: false).report
        #expect(report?.weightsDigest == expected?.weightsDigest)
    }
}

private final class Flag: Sendable {
    private let flag = Mutex(false)
    var isRaised: Bool { flag.withLock { $0 } }
    func raise() { flag.withLock { $0 = true } }
}

/// Counts how often workers have stepped weights.
private final class WorkerUpdates: TraceSink {
    private(set) var count = 0
    private var names: [String] = []
    private var updating: Set<Int> = []
    /// Workers that did.
    var processes: Int { updating.count }

    func process(_ name: String, rows: [String]) -> Int {
        names.append(name)
        return names.count - 1
    }

    func add(_ span: TraceSpan, process: Int, phase: StepReport.Phase, step: Int) {
        guard span.kind == .update, names[process] != "coordinator" else { return }
        count += 1
        updating.insert(process)
    }
}
