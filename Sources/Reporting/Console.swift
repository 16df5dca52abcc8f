// SPDX-License-Identifier: Apache-2.0
//
// Lines that stay and one line that changes, written by a queue of their own: a terminal that is halted
// must not halt the run.

import Dispatch
import Glibc
import Synchronization

/// Where text for people goes.
public protocol TextSink: Sendable {
    /// Columns of the terminal; nil where there is none.
    var width: Int? { get }
    /// A line that stays. Clears the changing line.
    func line(_ text: String)
    /// Replaces the changing line; only on a terminal.
    func status(_ text: String?)
}

/// A file descriptor as a sink.
public final class Console: TextSink {
    private struct State {
        var status: String?
        var isDrawn = false
        var isScheduled = false
    }

    private let descriptor: Int32
    private let isTerminal: Bool
    private let queue = DispatchQueue(label: "convoy.console")
    private let state = Mutex(State())

    /// Takes the descriptor for a terminal if it is one and can move its cursor.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        let dumb = unsafe getenv("TERM").map { unsafe strcmp($0, "dumb") == 0 } ?? true
        isTerminal = isatty(descriptor) == 1 && !dumb
    }

    /// The way a bar can be drawn: box characters need UTF-8.
    public static var barStyle: ProgressText.Style {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let text = unsafe getenv(name) else { continue }
            let value = unsafe String(cString: text).lowercased()
            if !value.isEmpty {
                return value.contains("utf-8") || value.contains("utf8") ? .unicode : .ascii
            }
        }
        return .ascii
    }

    public var width: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    public func line(_ text: String) {
        queue.async { [self] in
            let clear = state.withLock { state in
                defer { state.isDrawn = false }
                return state.isDrawn
            }
            write((clear ? "\r\u{1b}[K" : "") + text + "\n")
        }
    }

    public func status(_ text: String?) {
        guard isTerminal else { return }
        let schedules = state.withLock { state in
            state.status = text
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        // Drawn later: whatever has replaced it by then is drawn, so a slow terminal skips frames.
        if schedules { queue.async { [self] in draw() } }
    }

    /// Returns when everything is written.
    public func flush() { queue.sync {} }

    private func draw() {
        let (text, clear) = state.withLock { state in
            state.isScheduled = false
            defer { state.isDrawn = state.status != nil }
            return (state.status, state.isDrawn)
        }
        if let text {
            write("\r\(text)\u{1b}[K")
        } else if clear {
            write("\r\u{1b}[K")
        }
    }

    /// A closed pipe ends the text, never the run.
    private func write(_ text: String) { _ = writeAll(Array(text.utf8), to: descriptor) }
}
