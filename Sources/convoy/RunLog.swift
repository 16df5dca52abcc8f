// SPDX-License-Identifier: Apache-2.0
//
// A run's log: who came and went, and each epoch, as dated lines in the run folder.

import Glibc
import Logging
import Reporting
import Runtime

/// Tells several observers.
final class Observers: RunObserver {
    private let all: [any RunObserver]
    init(_ all: [any RunObserver]) { self.all = all }
    func handle(_ event: RunEvent) { for observer in all { observer.handle(event) } }
}

/// The events of a run but its steps, told to the log by the words of the display.
final class EventLog: RunObserver {
    private struct Sink: TextSink {
        let logger: Logger
        var width: Int? { nil }
        func line(_ text: String) { logger.info("\(text)") }
        func status(_ text: String?) {}
    }

    private let logger: Logger
    private let display: ProgressDisplay

    init(_ logger: Logger) {
        self.logger = logger
        display = ProgressDisplay(sink: Sink(logger: logger))
    }

    func handle(_ event: RunEvent) {
        if case .step = event { return }
        display.handle(event)
        guard case .started(let info) = event else { return }
        for text in info.skipped { logger.info("left out: \(text)") }
    }
}

/// Writes log lines to a descriptor: `2026-01-31T12:00:00Z info worker joined worker=w1`.
struct LineLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Appends to a file.
    init(path: String) throws(LogError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LogError("open \(path): \(String(cString: strerror(errno)))")
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = "\(Self.timestamp()) \(event.level) \(event.message)"
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { text += " \(key)=\(value)" }
        // One call: lines of several threads do not mix.
        let bytes = Array((ProgressText.clean(text) + "\n").utf8)
        _ = write(descriptor, bytes, bytes.count)
    }

    private static func timestamp() -> String {
        var (seconds, fields) = (time(nil), tm())
        gmtime_r(&seconds, &fields)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &fields)
        return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
