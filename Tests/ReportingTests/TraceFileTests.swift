// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reporting
import Runtime
import Testing

@Suite struct TraceFileTests {
    private let path = NSTemporaryDirectory() + "convoy-trace-\(UUID().uuidString.prefix(8)).json"

    private func events() throws -> [[String: Any]] {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path)))
        return try #require(json as? [[String: Any]])
    }

    private func span(_ kind: TraceSpan.Kind, at begin: Int64) -> TraceSpan {
        TraceSpan(kind: kind, row: 2, begin: begin, end: begin + 1_234_567, step: 9, part: 3)
    }

    /// Of the clock that a file's time is told by.
    private var now: Int64 { Int64(ProcessInfo.processInfo.systemUptime * 1e9) }

    @Test func spansAndNamesAreJSON() throws {
        let file = try TraceFile(path: path)
        let process = file.process("a \"worker\"", rows: ["send", "", "compute 1"])
        let begin = now + 1_000_000_000
        file.add(span(.forward, at: begin), process: process, phase: .train, step: 10)
        file.add(span(.wait(.weights), at: begin), process: process, phase: .validate, step: 10)
        #expect(file.close() == nil)
        let events = try events()
        #expect(events.map { $0["ph"] as? String } == ["M", "M", "M", "X", "X"])
        #expect((events[0]["args"] as? [String: String]) == ["name": "a \"worker\""])
        #expect(events[2]["tid"] as? Int == 2)
        let forward = events[3], arguments = events[4]["args"] as? [String: Any]
        #expect(forward["name"] as? String == "forward" && forward["pid"] as? Int == process)
        #expect(forward["dur"] as? Double == 1234.567)
        #expect((forward["args"] as? [String: Any])?["shard"] as? Int == 3)
        #expect(arguments?["for"] as? String == "weights" && arguments?["step"] as? Int == 10)
        #expect(arguments?["phase"] as? String == "validate")
    }

    @Test func aFileStaysBelowItsLimitAndSaysSo() throws {
        let file = try TraceFile(path: path, limit: 200_000)
        let process = file.process("worker", rows: [])
        let begin = now + 1_000_000_000
        for _ in 0..<10_000 {
            file.add(span(.data, at: begin), process: process, phase: .train, step: 1)
        }
        #expect(file.close() == "it would be larger than 0 MiB")
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        #expect(size > 150_000 && size <= 200_200)
        #expect(try events().count > 1000)
    }

    @Test func aFileThatCannotBeWrittenIsNamed() {
        #expect(
            throws: LogError(
                "open /nowhere/t.json: No such file or directory; choose another file for --trace")
        ) { try TraceFile(path: "/nowhere/t.json") }
    }

    /// A full disk ends the timeline, and nothing else.
    @Test func aFullDiskEndsTheTimeline() throws {
        let file = try TraceFile(path: "/dev/full")
        let process = file.process("worker", rows: [])
        file.add(span(.data, at: now + 1_000_000_000), process: process, phase: .train, step: 1)
        #expect(file.close() == "it could not be written: No space left on device")
    }
}
