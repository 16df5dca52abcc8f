// SPDX-License-Identifier: Apache-2.0
//
// What a run's events look like as lines of text. Pure: no terminal, no clock.

import Layers
import Runtime

/// Renders the events of a run.
public enum ProgressText {
    /// How a bar is drawn.
    public enum Style: Sendable { case unicode, ascii }

    /// The live line of a step, at most `width` columns wide.
    ///
    ///     epoch 2/5  312/938 ━━━━━━━━╸━━━━━━━━━━━━━  8,912 images/s  loss 0.6321  accuracy 0.7712  ETA 0:42  2 workers
    ///
    /// The bar takes the room that is left. Where there is none, the parts that matter least go first.
    public static func bar(_ report: StepReport, epochs: Int, width: Int, style: Style) -> String {
        let head = head(report, epochs: epochs)
        let required = ["loss \(Figures.decimal(report.loss, places: 4))"]
        // In the order in which they stand, each with its rank: the highest goes first.
        // A rate that gains a digit does not move the bar.
        let rate = Figures.rate(report.imagesPerSecond)
        let parts: [(text: String, rank: Int)] = [
            (String(repeating: " ", count: max(0, 15 - rate.count)) + rate, 2),
            (required[0], 0),
            (accuracy(report.accuracy), 1),
            ("ETA \(Figures.clock(secondsLeft(report)))", 3),
            (Figures.count(report.workersAlive, "worker"), 4),
        ].filter { !$0.0.isEmpty }
        let shortestBar = 8
        for rank in stride(from: 5, through: 1, by: -1) {
            let tail = parts.filter { $0.rank < rank }.map { "  " + $0.text }.joined()
            let room = width - head.count - tail.count - 1
            if room >= shortestBar {
                return "\(head) \(track(report, columns: min(room, 30), style: style))\(tail)"
            }
        }
        return String("\(head)  \(required[0])".prefix(max(width, 0)))
    }

    /// The same as one plain line, for logs.
    public static func plain(_ report: StepReport, epochs: Int) -> String {
        [
            head(report, epochs: epochs),
            "\(100 * report.stepInEpoch / max(report.stepsInEpoch, 1))%",
            Figures.rate(report.imagesPerSecond),
            "loss \(Figures.decimal(report.loss, places: 4))",
            accuracy(report.accuracy),
            "ETA \(Figures.clock(secondsLeft(report)))",
            Figures.count(report.workersAlive, "worker"),
        ].filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// The line that stays of an epoch.
    public static func epoch(_ report: EpochReport) -> String {
        var parts = [
            "epoch \(report.epoch)/\(report.epochs)",
            Figures.elapsed(report.seconds),
            Figures.rate(report.imagesPerSecond),
            "loss \(Figures.decimal(report.loss, places: 4))",
            accuracy(report.accuracy),
        ].filter { !$0.isEmpty }
        if let loss = report.validationLoss {
            parts.append("val_loss \(Figures.decimal(loss, places: 4))")
        }
        if let accuracy = report.validationAccuracy {
            parts.append("val_accuracy \(Figures.decimal(accuracy, places: 4))")
        }
        parts += metrics(report.validationMetrics, prefix: "val_")
        return parts.joined(separator: "  ")
    }

    /// `val_auc 0.9342`, one for each.
    private static func metrics(_ results: MetricResults, prefix: String = "") -> [String] {
        results.values.map { "\(prefix)\($0.name) \(Figures.decimal($0.value, places: 4))" }
    }

    /// Empty of a regression, which has none.
    private static func accuracy(_ value: Double) -> String {
        value.isNaN ? "" : "accuracy \(Figures.decimal(value, places: 4))"
    }

    /// What a run is about to do.
    public static func started(_ info: RunInfo) -> [String] {
        var samples = Figures.count(info.trainingSamples, "training image")
        if info.validationSamples > 0 {
            samples += ", \(Figures.grouped(info.validationSamples)) for validation"
        }
        if info.testSamples > 0 { samples += ", \(Figures.grouped(info.testSamples)) for the test" }
        let steps = Figures.count(info.stepsPerEpoch, "step")
        return [
            "\(info.job): \(Figures.count(info.parameters, "parameter")); \(samples)",
            "\(Figures.count(info.epochs, "epoch")) of \(steps), batch \(info.batchSize); "
                + "run folder \(info.output)"
                + (info.workers > 0 ? "" : "; workers connect to \(info.endpoint)"),
        ]
            + (info.skipped.isEmpty
                ? []
                : [
                    "\(Figures.count(info.skipped.count, "image")) left out, which cannot be read: "
                        + "the log names them"
                ])
    }

    /// `test accuracy 0.8934  loss 0.3021`, the last line of a run; nil where there was no test.
    public static func result(_ report: FinalReport) -> String? {
        report.testLoss.map {
            result(accuracy: report.testAccuracy, loss: $0, metrics: report.testMetrics)
        }
    }

    /// - Parameter accuracy: nil of a regression, which has none.
    public static func result(
        of partition: String = "test", accuracy: Double?, loss: Double,
        metrics results: MetricResults = .init()
    ) -> String {
        "\(partition) " + (accuracy.map { "accuracy \(Figures.decimal($0, places: 4))  " } ?? "")
            + (["loss \(Figures.decimal(loss, places: 4))"] + metrics(results))
            .joined(separator: "  ")
    }

    /// How long steps waited for data, and which workers did so for long.
    public static func dataWait(_ report: FinalReport) -> [String] {
        func percent(_ share: Double) -> String { "\(Figures.decimal(100 * share, places: 1)) %" }
        let wait = report.dataWait
        let limits = report.dataLimits.map { limit in
            "\(clean(limit.worker)) waited \(percent(limit.share)) of its time "
                + (limit.isDecoding
                    ? "for images to be decoded and augmented, which limits this machine: leave it more "
                        + "cores for that (fewer --workers or --threads), or give it smaller images"
                    : "for samples to come: use cluster.data: local, or a faster disk or network")
        }
        return [
            "steps waited \(Figures.decimal(wait.seconds, places: 1)) s for data, "
                + "\(percent(wait.share)) of the time"
        ] + limits
    }

    public static func saved(_ report: FinalReport) -> String {
        "saved \(report.model) after \(Figures.elapsed(report.seconds)); "
            + "weights \(report.weightsDigest.prefix(16))"
    }

    /// Text from elsewhere, a worker's name or reason, without the characters that move a cursor.
    public static func clean(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) ? " " : scalar
                }))
    }

    private static func head(_ report: StepReport, epochs: Int) -> String {
        let steps = String(report.stepsInEpoch)
        let step = String(report.stepInEpoch)
        let padding = String(repeating: " ", count: max(steps.count - step.count, 0))
        let count = "\(padding)\(step)/\(steps)"
        return switch report.phase {
        case .train: "epoch \(report.epoch)/\(epochs)  \(count)"
        case .validate: "epoch \(report.epoch)/\(epochs)  validation \(count)"
        case .test: "test  \(count)"
        }
    }

    private static func secondsLeft(_ report: StepReport) -> Double {
        let steps = report.stepsInEpoch - report.stepInEpoch
        guard steps > 0 else { return 0 }
        return Double(steps * report.samples) / report.imagesPerSecond
    }

    private static func track(_ report: StepReport, columns: Int, style: Style) -> String {
        let done = min(Double(report.stepInEpoch) / Double(max(report.stepsInEpoch, 1)), 1)
        switch style {
        case .unicode:
            let filled = Int(done * Double(columns))
            return String(repeating: "━", count: filled)
                + String(repeating: "─", count: columns - filled)
        case .ascii:
            let inner = columns - 2
            let filled = Int(done * Double(inner))
            let mark = filled > 0 && filled < inner ? 1 : 0
            return "[" + String(repeating: "=", count: filled - mark)
                + String(repeating: ">", count: mark)
                + String(repeating: ".", count: inner - filled) + "]"
        }
    }
}
