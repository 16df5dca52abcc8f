// SPDX-License-Identifier: Apache-2.0

/// When a worker process that has died is started again, and when no more.
package struct RestartRule {
    /// Deaths in a row after which it is given up.
    package let limit: Int
    /// Who has lived for this long starts with a clean record.
    package static let steady = Duration.seconds(600)

    package private(set) var restarts = 0

    package init(limit: Int) { self.limit = limit }

    /// The process has died.
    ///
    /// - Returns: The pause before the next start: none at first, then half a second, one, two, ...; nil if it
    ///   is not to be started again.
    package mutating func died(after life: Duration) -> Duration? {
        if life >= Self.steady { restarts = 0 }
        guard restarts < limit else { return nil }
        restarts += 1
        return restarts == 1 ? .zero : .milliseconds(500) * (1 << min(restarts - 2, 6))
    }
}
