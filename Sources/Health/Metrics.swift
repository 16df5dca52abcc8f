// SPDX-License-Identifier: Apache-2.0
//
// A run's state in the text format of Prometheus, version 0.0.4.

import Runtime

extension RunState {
    /// One family after the other, each with its help and type. Seconds and images, never percent.
    var metrics: String {
        var text = MetricsText()
        text.add(
            "convoy_build_info", .gauge, "Always 1; the label has the version.",
            [(["version": convoyVersion], 1)])
        text.add(
            "convoy_steps_total", .counter, "Training steps committed.", trainingStep?.step ?? 0)
        text.add(
            "convoy_samples_total", .counter, "Images trained on since the coordinator's start.",
            samples)
        text.add("convoy_epoch", .gauge, "The epoch in progress, from 1.", trainingStep?.epoch ?? 0)
        if let trainingStep {
            text.add(
                "convoy_loss", .gauge, "Mean training loss of the epoch so far.", trainingStep.loss)
            text.add(
                "convoy_accuracy", .gauge, "Training accuracy of the epoch so far, 0 to 1.",
                trainingStep.accuracy)
            text.add(
                "convoy_images_per_second", .gauge, "Images trained on a second in this epoch.",
                trainingStep.imagesPerSecond)
        }
        if let loss = epoch?.validationLoss {
            text.add("convoy_validation_loss", .gauge, "Of the last finished epoch.", loss)
        }
        if let accuracy = epoch?.validationAccuracy {
            text.add(
                "convoy_validation_accuracy", .gauge, "Of the last finished epoch, 0 to 1.",
                accuracy)
        }
        text.add(
            "convoy_validation_metric", .gauge,
            "Of the last finished epoch, by the metrics of the job.",
            (epoch?.validationMetrics.values ?? []).map { (["metric": $0.name], $0.value) })
        text.add(
            "convoy_checkpoints_total", .counter, "Checkpoints written since the start.",
            checkpoints)
        text.add("convoy_workers", .gauge, "Workers that compute.", cluster.workers.count)
        text.add("convoy_workers_joined_total", .counter, "Workers that have come.", joined)
        text.add("convoy_workers_lost_total", .counter, "Workers that have gone.", lost)
        text.add("convoy_workers_refused_total", .counter, "Workers that did not fit.", refused)
        text.add(
            "convoy_stragglers_total", .counter, "Times that a worker let a deadline pass.",
            stragglers)
        let workers = cluster.workers.map { (["worker": $0.name], $0) }
        text.add(
            "convoy_worker_arrival_lag_seconds", .gauge,
            "How long after the first worker this one's last sum of a step comes, a moving mean.",
            workers.map { ($0.0, $0.1.arrivalLag) })
        text.add(
            "convoy_worker_owed_shards", .gauge, "Shards that the step in progress waits for.",
            workers.map { ($0.0, Double($0.1.owedShards)) })
        text.add(
            "convoy_worker_silence_seconds", .gauge, "Time since anything came from this worker.",
            workers.map { ($0.0, $0.1.silence) })
        text.add(
            "convoy_worker_threads", .gauge, "Threads that compute.",
            workers.map { ($0.0, Double($0.1.threads)) })
        return text.text
    }
}

/// Builds the text.
struct MetricsText {
    enum Kind: String { case counter, gauge }

    private(set) var text = ""

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        add(name, kind, help, [([:], Double(value))])
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        add(name, kind, help, [([:], value)])
    }

    /// A family without samples is left out.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [([String: String], Double)]
    ) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for (labels, value) in samples {
            let list = labels.sorted { $0.key < $1.key }.map {
                "\($0.key)=\"\(Self.escape($0.value))\""
            }
            text += name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}")
            text += " \(Self.number(value))\n"
        }
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
