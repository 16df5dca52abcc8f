// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Shows a run: on a terminal as a bar for each epoch, elsewhere as a plain line now and then.
public final class ProgressDisplay: RunObserver {
    public struct Options: Sendable {
        /// Only the result, and what calls for a hand.
        public var isQuiet = false
        public var style = ProgressText.Style.unicode
        public var redrawInterval = Duration.milliseconds(66)
        public var plainInterval = Duration.seconds(5)
        /// Between two lines about the same slow worker.
        public var stragglerInterval = Duration.seconds(30)
        public init() {}
    }

    private let sink: any TextSink
    private let options: Options
    private let now: () -> Duration
    private var info: RunInfo?
    private var lastShown: Duration?
    private var stragglersShown: [String: Duration] = [:]
    /// The workers that the run starts itself join without a line, until all are there or one is lost.
    private var workersAwaited = 0

    /// - Parameter now: Time since any origin.
    public init(sink: any TextSink, options: Options, now: @escaping () -> Duration) {
        self.sink = sink
        self.options = options
        self.now = now
    }

    public convenience init(sink: any TextSink, options: Options = Options()) {
        let start = ContinuousClock.now
        self.init(sink: sink, options: options) { ContinuousClock.now - start }
    }

    public func handle(_ event: RunEvent) {
        switch event {
        case .started(let info):
            self.info = info
            workersAwaited = info.workers
            ProgressText.started(info).forEach(note)
        case .resumed(let step):
            note("resumed after step \(Figures.grouped(step))")
        case .workerJoined(let name, let threads, let alive, _):
            joined(name, threads: threads, alive: alive)
        case .workerLost(let name, let reason, let alive, _):
            workersAwaited = 0
            note(
                "\(ProgressText.clean(name)) lost: \(ProgressText.clean(reason)) "
                    + "(\(Figures.count(alive, "worker")))")
        case .workerRestarted(let name, let how, let attempt, let limit):
            workersAwaited = 0
            note(
                "\(ProgressText.clean(name)) \(how); started again (\(attempt) of at most \(limit) "
                    + "times)")
        case .workerGivenUp(let name, let how):
            note(
                "\(ProgressText.clean(name)) is given up, the run goes on without it: it "
                    + ProgressText.clean(how))
        case .workerOutput(let name, let line):
            note("\(ProgressText.clean(name)): \(ProgressText.clean(line))")
        case .workerRefused(let reason):
            note("refused: \(ProgressText.clean(reason))")
        case .workerDistrusted(let name, let step):
            note(
                "\(ProgressText.clean(name)) has computed otherwise than two others: check that "
                    + "machine; the run goes back to step \(Figures.grouped(step))")
        case .undecided(let place):
            note("\(place): workers disagree; waiting for another one to decide")
        case .straggler(let name):
            straggles(name)
        case .waitingForWorkers:
            // Its own workers are on their way.
            if workersAwaited == 0 {
                note("waiting for workers" + (info.map { " at \($0.endpoint)" } ?? ""))
            }
        case .idleWorkers(let active, let workers):
            idle(active: active, workers: workers)
        case .step(let report):
            show(report)
        case .epoch(let report):
            lastShown = nil
            clear()
            note(ProgressText.epoch(report))
        case .callback(let name, _, let message):
            note("\(name): \(message)")
        case .checkpoint:
            break
        case .finished(let report):
            clear()
            let result = ProgressText.result(report)
            ProgressText.dataWait(report).forEach(note)
            ConfusionTable.lines(report.testMetrics.confusion, report.classNames).forEach(note)
            if !options.isQuiet || result == nil { sink.line(ProgressText.saved(report)) }
            if let result { sink.line(result) }
        }
    }

    /// Removes the changing line, before an error is shown.
    public func clear() {
        if !options.isQuiet { sink.status(nil) }
    }

    private func show(_ report: StepReport) {
        guard !options.isQuiet else { return }
        let time = now()
        let width = sink.width
        let isLast = report.stepInEpoch == report.stepsInEpoch
        if let lastShown {
            let interval = width == nil ? options.plainInterval : options.redrawInterval
            guard time - lastShown >= interval || (isLast && width != nil) else { return }
        } else if width == nil {
            lastShown = time  // The first plain line comes when there is something to tell.
            return
        }
        lastShown = time
        let epochs = info?.epochs ?? report.epoch
        if let width {
            // The last column stays free: some terminals wrap on it.
            sink.status(
                ProgressText.bar(report, epochs: epochs, width: width - 1, style: options.style))
        } else {
            sink.line(ProgressText.plain(report, epochs: epochs))
        }
    }

    private func joined(_ name: String, threads: Int, alive: Int) {
        if workersAwaited > 0 {
            workersAwaited -= 1
            return
        }
        note(
            "\(ProgressText.clean(name)) joined with \(Figures.count(threads, "thread")) "
                + "(\(Figures.count(alive, "worker")))")
    }

    private func straggles(_ name: String) {
        let time = now()
        if let last = stragglersShown[name], time - last < options.stragglerInterval { return }
        stragglersShown[name] = time
        note("\(ProgressText.clean(name)) is slow: its shards are computed elsewhere too")
    }

    private func idle(active: Int, workers: Int) {
        var text = "only \(active) of \(Figures.count(workers, "worker")) can be busy"
        if let info {
            let shards = (info.batchSize + info.shardSize - 1) / info.shardSize
            text +=
                ": a batch of \(info.batchSize) is \(Figures.count(shards, "shard")) of "
                + "\(info.shardSize); raise training.batch_size to use them all"
        }
        note(text)
    }

    private func note(_ text: String) {
        if !options.isQuiet { sink.line(text) }
    }
}
