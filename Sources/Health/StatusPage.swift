// SPDX-License-Identifier: Apache-2.0
//
// A run's state as JSON, for people and scripts. Numbers that JSON does not know are left out.

import Foundation
import Layers
import Runtime

/// `/status`
struct StatusPage: Encodable {
    struct Epoch: Encodable {
        var loss, accuracy, validationLoss, validationAccuracy: Double?
        /// By the names of the job's metrics.
        var validationMetrics: [String: Double]?
    }

    var phase: String
    var job, output, endpoint: String?
    var step: Int
    var steps: Int?
    var epoch: Int?
    var epochs: Int?
    /// What the step in progress does: train or validate.
    var kind: String?
    var loss, accuracy, imagesPerSecond: Double?
    var lastEpoch: Epoch?
    var workers: [ClusterStatus.Worker]
    /// Who is waited for, and why: "worker-1 computes 3 shards".
    var waitingFor: [String]
    var lastCheckpoint: String?
    var lastLostWorker: String?
    var weightsDigest: String?

    init(_ state: RunState) {
        func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
        phase = state.phase.rawValue
        job = state.info?.job
        output = state.info?.output
        endpoint = state.info?.endpoint
        step = state.trainingStep?.step ?? 0
        steps = state.info.map { $0.epochs * $0.stepsPerEpoch }
        epoch = state.step?.epoch
        epochs = state.info?.epochs
        kind = state.step?.phase.rawValue
        loss = finite(state.trainingStep?.loss)
        accuracy = finite(state.trainingStep?.accuracy)
        imagesPerSecond = finite(state.trainingStep?.imagesPerSecond)
        lastEpoch = state.epoch.map {
            Epoch(
                loss: finite($0.loss), accuracy: finite($0.accuracy),
                validationLoss: finite($0.validationLoss),
                validationAccuracy: finite($0.validationAccuracy),
                validationMetrics: Self.named($0.validationMetrics))
        }
        workers = state.cluster.workers
        waitingFor = state.cluster.workers.compactMap { worker in
            worker.reason.map { reason in
                "\(worker.name) \(reason): \(worker.owedShards) "
                    + (worker.owedShards == 1 ? "shard" : "shards")
            }
        }
        if let obstacle = state.cluster.obstacle { waitingFor.append(obstacle) }
        lastCheckpoint = state.lastCheckpoint
        lastLostWorker = state.lastLoss
        weightsDigest = state.result?.weightsDigest
    }

    /// - Returns: nil where the job has none.
    private static func named(_ metrics: MetricResults) -> [String: Double]? {
        guard !metrics.values.isEmpty else { return nil }
        let finite = metrics.values.filter(\.value.isFinite)
        return Dictionary(uniqueKeysWithValues: finite.map { ($0.name, $0.value) })
    }

    var json: Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return (try? encoder.encode(self)) ?? Data("{}".utf8)
    }
}
