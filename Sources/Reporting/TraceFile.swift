// SPDX-License-Identifier: Apache-2.0
//
// A run's timeline in the trace format of Chrome, which ui.perfetto.dev draws.

import Glibc
import Runtime

/// Writes what everybody does as an array of JSON objects, one a line. A file whose end is missing, since
/// the run was killed, can be drawn, too.
public final class TraceFile: TraceSink {
    /// What comes after so many bytes is left out: it could not be drawn anyway.
    public static let limit = 256 << 20

    private let path: String
    private let descriptor: Int32
    private let limit: Int
    private let origin: Int64
    private var object = JSONObject()
    private var buffer: [UInt8] = []
    private var size = 0
    private var processes = 0
    private var obstacle: String?
    private var isClosed = false

    /// - Parameters:
    ///   - path: Of the file; what it held is gone.
    ///   - limit: Bytes.
    public init(path: String, limit: Int = TraceFile.limit) throws(LogError) {
        self.path = path
        self.limit = limit
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let code = errno
            throw LogError(
                "open \(path): \(unsafe String(cString: strerror(code))); "
                    + "choose another file for --trace")
        }
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        origin = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        buffer.reserveCapacity(Self.chunk + 4096)
        buffer.append(UInt8(ascii: "["))
    }

    deinit {
        _ = close()
        Glibc.close(descriptor)
    }

    public func process(_ name: String, rows: [String]) -> Int {
        processes += 1
        label("process_name", name, row: nil)
        for (row, name) in rows.enumerated() where !name.isEmpty {
            label("thread_name", name, row: row)
        }
        return processes
    }

    public func add(_ span: TraceSpan, process: Int, phase: StepReport.Phase, step: Int) {
        guard span.begin >= origin, obstacle == nil else { return }
        object.begin()
        object.add("name", span.kind.name)
        object.add("ph", "X")
        object.add("pid", process)
        object.add("tid", span.row)
        object.add("ts", thousandths: Int(span.begin - origin))
        object.add("dur", thousandths: Int(span.end - span.begin))
        object.open("args")
        object.add("phase", phase.rawValue)
        object.add("step", step)
        switch span.kind {
        case .wait(let reason): object.add("for", reason.rawValue)
        case .send, .receive, .reduce, .update:
            object.add("chunk", Int(truncatingIfNeeded: span.part))
        case .data, .forward, .backward: object.add("shard", Int(truncatingIfNeeded: span.part))
        }
        object.close()
        append()
    }

    /// Ends the file.
    ///
    /// - Returns: Why the timeline is not whole; nil if it is.
    public func close() -> String? {
        guard !isClosed else { return obstacle }
        isClosed = true
        buffer += Array("\n]\n".utf8)
        flush()
        return obstacle
    }

    private static let chunk = 64 << 10

    private func label(_ kind: String, _ name: String, row: Int?) {
        object.begin()
        object.add("name", kind)
        object.add("ph", "M")
        object.add("pid", processes)
        if let row { object.add("tid", row) }
        object.open("args")
        object.add("name", name)
        object.close()
        append()
    }

    private func append() {
        guard obstacle == nil else { return }
        if size + buffer.count > limit {
            obstacle = "it would be larger than \(limit >> 20) MiB"
            return
        }
        if size + buffer.count > 1 { buffer.append(UInt8(ascii: ",")) }
        buffer.append(UInt8(ascii: "\n"))
        buffer += object.end()
        if buffer.count >= Self.chunk { flush() }
    }

    /// A full disk ends the timeline, never the run.
    private func flush() {
        size += buffer.count
        if !writeAll(buffer, to: descriptor), obstacle == nil {
            obstacle = "it could not be written: \(unsafe String(cString: strerror(errno)))"
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

extension TraceSpan.Kind {
    fileprivate var name: String {
        switch self {
        case .data: "data"
        case .forward: "forward"
        case .backward: "backward"
        case .send: "send"
        case .receive: "receive"
        case .reduce: "reduce"
        case .update: "update"
        case .wait: "wait"
        }
    }
}
