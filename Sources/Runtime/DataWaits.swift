// SPDX-License-Identifier: Apache-2.0
//
// The time that compute threads have had everything but data.

/// Of some threads in some time.
package struct DataWaits: Equatable, Sendable {
    /// Nanoseconds, summed over threads, in which samples were still to come.
    package var samples: UInt64 = 0
    /// Nanoseconds in which they were there, and were read, decoded and augmented.
    package var decoding: UInt64 = 0

    package init(samples: UInt64 = 0, decoding: UInt64 = 0) {
        self.samples = samples
        self.decoding = decoding
    }

    package var total: Duration { .nanoseconds(samples &+ decoding) }

    static func + (left: DataWaits, right: DataWaits) -> DataWaits {
        DataWaits(
            samples: left.samples &+ right.samples, decoding: left.decoding &+ right.decoding)
    }
}

/// Adds up over a run and its epochs what threads have waited, and how long they were there.
package struct DataWaitMeter {
    private var run = Sums()
    private var epoch = Sums()
    private var last = Duration.zero

    private struct Sums {
        var waited = Duration.zero
        var threadTime = Duration.zero
        /// In which there were threads.
        var time = Duration.zero

        var report: DataWait {
            let share = threadTime > .zero ? min(waited / threadTime, 1) : 0
            return DataWait(seconds: share * (time / .seconds(1)), share: share)
        }
    }

    package init() {}

    package mutating func add(_ waits: DataWaits) {
        run.waited += waits.total
        epoch.waited += waits.total
    }

    /// - Parameter threads: How many there were since the last call.
    package mutating func advance(to now: Duration, threads: Int) {
        let time = now - last
        last = now
        guard threads > 0 else { return }
        run.time += time
        run.threadTime += time * threads
        epoch.time += time
        epoch.threadTime += time * threads
    }

    package var total: DataWait { run.report }

    package mutating func endEpoch() -> DataWait {
        defer { epoch = Sums() }
        return epoch.report
    }
}
