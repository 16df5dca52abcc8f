// SPDX-License-Identifier: Apache-2.0
//
// Who allocates how often in the steady part of a run.

import CAllocations
import Glibc
import Jobs
import Runtime

/// Heap allocations of the threads of a run over some hundred steps, after its beginning.
struct StepAllocations {
    /// Steps that are counted.
    static let steps = 250
    /// Steps before them: pools grow to what the run needs, once.
    static let beginning = 100

    private(set) var coordinator = 0
    /// One for each thread: those that compute, those that decode ahead, and those that own a worker's
    /// sockets.
    private(set) var compute: [Int] = []
    /// In all, for they may hardly have begun when the others have: only those that allocate at all.
    private(set) var data: [Int] = []
    private(set) var sockets: [Int] = []
    /// That were drawn.
    private(set) var spans = 0

    /// Runs a job for as many steps as it takes.
    ///
    /// - Parameter isDrawn: Somebody wants to know what everybody does.
    init(
        workers: Int, threads: Int, isRemote: Bool, isDrawn: Bool = false, job: Job
    ) throws {
        let start = Census(), end = Census()
        let run = try LocalRun(workers: workers, threads: threads)
        run.isRemote = isRemote
        let drawing = isDrawn ? SpanCounter() : nil
        run.trace = drawing
        // Encryption allocates, on threads of libzmq's own and on those that send.
        run.keys = .none
        run.steps = Self.beginning + Self.steps + 1
        run.events.onStep = { [events = run.events] steps in
            // Whoever comes late, on a busy machine, has half of the beginning still before it.
            if steps < Self.beginning / 2, events.joined < workers { usleep(100_000) }
            if steps == Self.beginning { start.take() }
            if steps == Self.beginning + Self.steps { end.take() }
        }
        try run.run(job)
        spans = drawing?.spans ?? 0
        coordinator = end.own - start.own
        compute = try end.compute.growth(since: start.compute)
        data = end.data.counts
        sockets = try end.sockets.growth(since: start.sockets)
    }
}

private final class SpanCounter: TraceSink {
    private(set) var spans = 0
    func process(_ name: String, rows: [String]) -> Int { 0 }
    func add(_ span: TraceSpan, process: Int, phase: StepReport.Phase, step: Int) { spans += 1 }
}

/// Nothing can be said of threads that were not there all the time.
private struct ThreadsChanged: Error, CustomStringConvertible {
    let before: Int
    let after: Int
    var description: String { "\(before) threads were counted, then \(after)" }
}

/// The counters of all threads at one moment.
private final class Census {
    struct Threads {
        private let list = UnsafeMutableBufferPointer<thread_allocations>.allocate(capacity: 16)
        private var count = 0

        mutating func take(_ prefix: StaticString) {
            prefix.utf8Start.withMemoryRebound(to: CChar.self, capacity: 1) { prefix in
                count = allocations_of_threads(prefix, list.baseAddress!, list.count)
            }
        }

        var counts: [Int] { (0..<count).map { list[$0].count } }

        func growth(since start: Threads) throws(ThreadsChanged) -> [Int] {
            guard count == start.count else {
                throw ThreadsChanged(before: start.count, after: count)
            }
            return (0..<count).map { list[$0].count - start.list[$0].count }
        }
    }

    private(set) var own = 0
    private(set) var compute = Threads()
    private(set) var data = Threads()
    private(set) var sockets = Threads()

    func take() {
        own = allocations_of_this_thread()
        compute.take("convoy-compute")
        data.take("convoy-data")
        sockets.take("worker-")
    }
}
