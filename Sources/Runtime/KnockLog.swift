// SPDX-License-Identifier: Apache-2.0

/// Tells of those who were not let in, in a few lines a minute, however often somebody knocks.
package struct KnockLog {
    private static let period = Duration.seconds(60)
    /// In a period.
    private static let lines = 10

    private var told: [(line: String, time: Duration)] = []
    private var untold = 0

    package init() {}

    /// - Returns: What to write; nil if enough was written.
    package mutating func note(_ line: String, at now: Duration) -> String? {
        told.removeAll { now - $0.time > Self.period }
        guard told.count < Self.lines, !told.contains(where: { $0.line == line }) else {
            untold += 1
            return nil
        }
        told.append((line, now))
        defer { untold = 0 }
        return untold == 0 ? line : "\(line) (and \(untold) times more of what was told before)"
    }
}
