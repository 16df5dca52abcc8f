// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The file of `--trace`, as whoever draws it reads it.
struct TraceDrawing {
    struct Span {
        let name: String
        let process: Int
        let row: Int
        /// Nanoseconds.
        let time: Range<Int>
        let phase: String
        let step: Int
        let shard: Int?
    }

    /// Names of processes by their numbers.
    private(set) var processes: [Int: String] = [:]
    private(set) var spans: [Span] = []

    init(path: String) throws {
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path)))
        for event in try #require(json as? [[String: Any]]) {
            let process = try #require(event["pid"] as? Int)
            let arguments = try #require(event["args"] as? [String: Any])
            let name = try #require(event["name"] as? String)
            guard event["ph"] as? String == "X" else {
                if name == "process_name" { processes[process] = arguments["name"] as? String }
                continue
            }
            let begin = Int((try #require(event["ts"] as? Double) * 1000).rounded())
            let duration = Int((try #require(event["dur"] as? Double) * 1000).rounded())
            spans.append(
                Span(
                    name: name, process: process, row: try #require(event["tid"] as? Int),
                    time: begin..<begin + duration,
                    phase: try #require(arguments["phase"] as? String),
                    step: try #require(arguments["step"] as? Int),
                    shard: arguments["shard"] as? Int))
        }
    }

    /// Row by row, in the order of time.
    var rows: [[Span]] {
        Dictionary(grouping: spans) { [$0.process, $0.row] }.values
            .map { $0.sorted { $0.time.lowerBound < $1.time.lowerBound } }
    }

    /// Pairs of spans of one row that overlap.
    var overlaps: [(Span, Span)] {
        rows.flatMap { row in
            zip(row, row.dropFirst()).filter { $0.time.upperBound > $1.time.lowerBound }
        }
    }

    /// How much of the spans called `name` of a process lies within those of its threads that are called by
    /// one of `names`, both in nanoseconds.
    func hidden(
        _ name: String, behind names: Set<String>, of process: Int
    ) -> (time: Int, hidden: Int) {
        let own = spans.filter { $0.process == process }
        let covers = own.filter { names.contains($0.name) }
        var time = 0, hidden = 0
        for span in own where span.name == name {
            time += span.time.count
            for cover in covers where cover.time.overlaps(span.time) {
                hidden += cover.time.clamped(to: span.time).count
            }
        }
        return (time, hidden)
    }
}
