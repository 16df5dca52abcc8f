// SPDX-License-Identifier: Apache-2.0
//
// How the clock of another machine stands to this one's.

/// Learns from messages that say when they left: none comes before it left, so the clocks differ by no more
/// than the quickest of them shows.
package struct ClockOffset {
    /// Clocks that agree so well are one machine's, nanoseconds.
    private static let sameClock: Int64 = 20_000_000
    /// For so many messages a quick one counts: clocks drift apart.
    private static let window = 64

    private var best: (current: Int64, previous: Int64) = (.max, .max)
    private var count = 0

    package init() {}

    /// What to add to the other clock's time, nanoseconds; at most the way of a message too much.
    package var value: Int64 {
        let best = min(best.current, best.previous)
        return best == .max || (0..<Self.sameClock).contains(best) ? 0 : best
    }

    /// A message has come.
    ///
    /// - Parameters:
    ///   - left: By the other clock.
    ///   - came: By this one.
    package mutating func messageCame(left: Int64, at came: Int64) {
        best.current = min(best.current, came &- left)
        count += 1
        guard count == Self.window else { return }
        best = (.max, best.current)
        count = 0
    }
}
