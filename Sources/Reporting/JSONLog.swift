// SPDX-License-Identifier: Apache-2.0
//
// A run as JSON Lines: one object for each event, for programs that watch it.

import Glibc
import Layers
import Runtime

/// A file that a log cannot be written to.
public struct LogError: Error, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Writes each event of a run as one line of JSON. Keys are stable; `event` says which there are.
public final class JSONLog: RunObserver {
    private let descriptor: Int32
    private var object = JSONObject()
    private var buffer: [UInt8] = []
    private var failed = false

    /// Appends to a file, which is made if it is not there: a resumed run continues its log.
    public init(path: String) throws(LogError) {
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let code = errno
            throw LogError(
                "open \(path): \(unsafe String(cString: strerror(code))); "
                    + "choose another file for --log-json")
        }
        buffer.reserveCapacity(4096)
    }

    deinit {
        flush()
        close(descriptor)
    }

    public func handle(_ event: RunEvent) {
        object.begin()
        object.add(event)
        buffer += object.end()
        buffer.append(UInt8(ascii: "\n"))
        flush()
    }

    /// A full disk ends the log, never the run.
    private func flush() {
        if !failed { failed = !writeAll(buffer, to: descriptor) }
        buffer.removeAll(keepingCapacity: true)
    }
}

extension JSONLog {
    /// One event as its line, without the line's end.
    public static func line(_ event: RunEvent) -> String {
        var object = JSONObject()
        object.begin()
        object.add(event)
        return String(decoding: object.end(), as: UTF8.self)
    }
}

extension JSONObject {
    fileprivate mutating func add(_ event: RunEvent) {
        switch event {
        case .started(let info):
            add("event", "started")
            add("job", info.job)
            add("output", info.output)
            add("endpoint", info.endpoint)
            add("epochs", info.epochs)
            add("steps_per_epoch", info.stepsPerEpoch)
            add("training_samples", info.trainingSamples)
            add("validation_samples", info.validationSamples)
            add("test_samples", info.testSamples)
            add("batch_size", info.batchSize)
            add("shard_size", info.shardSize)
            add("block_size", info.blockSize)
            add("parameters", info.parameters)
            add("workers", info.workers)
            add("skipped_images", info.skipped.count)
        case .resumed(let step):
            add("event", "resumed")
            add("step", step)
        case .workerJoined(let name, let threads, let alive, let missing):
            add("event", "worker_joined")
            add("worker", name)
            add("threads", threads)
            add("workers_alive", alive)
            add("missing_shards", missing)
        case .workerLost(let name, let reason, let alive, let owed):
            add("event", "worker_lost")
            add("worker", name)
            add("reason", reason)
            add("workers_alive", alive)
            add("owed_shards", owed)
        case .workerRestarted(let name, let how, let attempt, let limit):
            add("event", "worker_restarted")
            add("worker", name)
            add("reason", how)
            add("attempt", attempt)
            add("limit", limit)
        case .workerGivenUp(let name, let how):
            add("event", "worker_given_up")
            add("worker", name)
            add("reason", how)
        case .workerOutput(let name, let line):
            add("event", "worker_output")
            add("worker", name)
            add("line", line)
        case .workerRefused(let reason):
            add("event", "worker_refused")
            add("reason", reason)
        case .workerDistrusted(let name, let step):
            add("event", "worker_distrusted")
            add("worker", name)
            add("next_step", step)
        case .undecided(let place):
            add("event", "undecided")
            add("place", place)
        case .straggler(let name):
            add("event", "straggler")
            add("worker", name)
        case .waitingForWorkers:
            add("event", "waiting_for_workers")
        case .idleWorkers(let active, let workers):
            add("event", "idle_workers")
            add("active", active)
            add("workers", workers)
        case .step(let report): add(report)
        case .epoch(let report): add(report)
        case .callback(let name, let epoch, let message):
            add("event", "callback")
            add("callback", name)
            add("epoch", epoch)
            add("message", message)
        case .checkpoint(let path):
            add("event", "checkpoint")
            add("path", path)
        case .finished(let report):
            add("event", "finished")
            add("test_loss", report.testLoss)
            add("test_accuracy", report.testAccuracy)
            add(report.testMetrics.values, "test_")
            if !report.testMetrics.confusion.isEmpty {
                add("test_confusion_matrix", report.testMetrics.confusion)
            }
            add("model", report.model)
            add("weights", report.weightsDigest)
            add(
                "contributions",
                report.contributions.map { "\($0.worker)=\($0.vectors)" }.joined(separator: " "))
            add(report.dataWait)
            add("seconds", report.seconds)
        }
    }

    private mutating func add(_ metrics: [MetricResults.Value], _ prefix: String) {
        for metric in metrics { add(named: prefix + metric.name, metric.value) }
    }

    private mutating func add(_ wait: DataWait) {
        add("data_wait_seconds", wait.seconds)
        add("data_wait_share", wait.share)
    }

    private func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private mutating func add(_ report: StepReport) {
        add("event", "step")
        add("phase", report.phase.rawValue)
        add("step", report.step)
        add("epoch", report.epoch)
        add("step_in_epoch", report.stepInEpoch)
        add("steps_in_epoch", report.stepsInEpoch)
        add("loss", report.loss)
        add("accuracy", report.accuracy)
        add("step_loss", report.stepLoss)
        add("samples", report.samples)
        add("weights", hex(report.weightsDigest))
        add("images_per_second", report.imagesPerSecond)
        add("workers_alive", report.workersAlive)
        add("seconds", report.seconds)
    }

    private mutating func add(_ report: EpochReport) {
        add("event", "epoch")
        add("epoch", report.epoch)
        add("epochs", report.epochs)
        add("loss", report.loss)
        add("accuracy", report.accuracy)
        add("val_loss", report.validationLoss)
        add("val_accuracy", report.validationAccuracy)
        add(report.validationMetrics.values, "val_")
        if !report.validationMetrics.confusion.isEmpty {
            add("val_confusion_matrix", report.validationMetrics.confusion)
        }
        add("seconds", report.seconds)
        add("images_per_second", report.imagesPerSecond)
        add(report.dataWait)
    }
}
