// SPDX-License-Identifier: Apache-2.0
//
// How long a shard takes on this cluster: the yardstick of deadlines.

/// The median time a shard took in the leases that finished last.
struct Pace: Sendable {
    /// Seconds a shard, or `nil` before the first lease has finished.
    private(set) var median: Double?
    private var recent: [Double] = []
    private var sorted: [Double] = []
    private var oldest = 0

    /// Odd, so that the median is one of them.
    private static let memory = 31

    init() {
        recent.reserveCapacity(Self.memory)
        sorted.reserveCapacity(Self.memory)
    }

    mutating func measured(secondsPerShard: Double) {
        if recent.count < Self.memory {
            recent.append(secondsPerShard)
        } else {
            recent[oldest] = secondsPerShard
            oldest = (oldest + 1) % Self.memory
        }
        sorted.removeAll(keepingCapacity: true)
        sorted.append(contentsOf: recent)
        sorted.sort()
        median = sorted[sorted.count / 2]
    }
}
