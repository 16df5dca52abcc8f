// SPDX-License-Identifier: Apache-2.0
//
// What a worker process prints, line by line.

import Foundation
import Glibc

/// The reading end of a process's standard output and error. Never waits.
final class ProcessOutput {
    let pipe = Pipe()
    /// The last lines, for the message about how the process ended.
    private(set) var lastLines: [String] = []
    private static let kept = 10
    /// A line that is longer comes in pieces.
    private static let longestLine = 4096
    private var unfinished: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    init() {
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// The process is started and has its own copy of the writing end.
    func started() { try? pipe.fileHandleForWriting.close() }

    /// Hands out what has come.
    ///
    /// - Parameter isLast: Whether nothing more will come, so that a line without an end is one, too.
    func read(isLast: Bool = false, line: (String) -> Void) {
        // A process that prints faster than this is read in turns.
        for _ in 0..<64 {
            let count = Glibc.read(
                pipe.fileHandleForReading.fileDescriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            for byte in buffer[..<count] {
                if byte != UInt8(ascii: "\n") { unfinished.append(byte) }
                if byte == UInt8(ascii: "\n") || unfinished.count == Self.longestLine {
                    finish(line)
                }
            }
        }
        if isLast, !unfinished.isEmpty { finish(line) }
    }

    private func finish(_ line: (String) -> Void) {
        let text = String(decoding: unfinished, as: UTF8.self)
        unfinished.removeAll(keepingCapacity: true)
        if lastLines.count == Self.kept { lastLines.removeFirst() }
        lastLines.append(text)
        line(text)
    }
}
