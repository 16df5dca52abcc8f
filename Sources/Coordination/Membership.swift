// SPDX-License-Identifier: Apache-2.0
//
// Who takes part, since when each was silent, and how fast each is.

/// The workers of a run, in the order in which they joined, which is the order of their numbers.
struct Membership: Sendable {
    private(set) var workers: [Worker] = []
    private var newest: WorkerID?

    var hasActive: Bool { workers.contains { $0.standing == .active } }
    var activeCount: Int { workers.count { $0.standing == .active } }

    /// The place of a worker in `workers`; `nil` for one that is lost.
    ///
    /// - Precondition: The worker has joined.
    func index(of id: WorkerID) -> Int? {
        if let newest, id <= newest {
            var candidates = workers.indices
            while let middle = candidates.middle {
                if workers[middle].id == id { return middle }
                candidates =
                    workers[middle].id < id
                    ? middle + 1..<candidates.upperBound : candidates.lowerBound..<middle
            }
            return nil
        }
        preconditionFailure("worker \(id) has not joined; the newest is \(newest?.raw ?? 0)")
    }

    subscript(id: WorkerID) -> Worker? { index(of: id).map { workers[$0] } }

    /// - Precondition: `id` is above those of all workers before.
    mutating func join(_ id: WorkerID, threads: Int, during step: StepID, at now: Duration) {
        if let newest {
            precondition(
                newest < id, "worker \(id) joins after \(newest); numbers are never reused")
        }
        newest = id
        workers.append(
            Worker(id: id, threads: max(1, threads), trusted: step, lastHeard: now))
    }

    mutating func hear(_ id: WorkerID, at now: Duration) {
        if let index = index(of: id) { workers[index].lastHeard = now }
    }

    /// Returns whether that is news.
    mutating func leave(_ id: WorkerID) -> Bool {
        guard let index = index(of: id) else { return false }
        switch workers[index].standing {
        case .active:
            workers[index].standing = .leaving
            return true
        case .leaving:
            return false
        }
    }

    /// It was asked to compute an audited shard.
    mutating func asked(_ id: WorkerID, lease: LeaseID) {
        if let index = index(of: id) { workers[index].lastAudit = lease }
    }

    /// An audited shard of that step proves that it computes right.
    mutating func trust(_ id: WorkerID, from step: StepID) {
        if let index = index(of: id) {
            workers[index].trusted = max(workers[index].trusted, step)
        }
    }

    /// Returns whether that is news.
    mutating func lose(_ id: WorkerID) -> Bool {
        guard let index = index(of: id) else { return false }
        workers.remove(at: index)
        return true
    }

    /// When the worker that was silent longest was last heard.
    var longestSilence: Duration? { workers.lazy.map(\.lastHeard).min() }

    /// The first worker that was not heard after `time`.
    func silent(since time: Duration) -> WorkerID? {
        workers.first { $0.lastHeard <= time }?.id
    }

    /// Shards a second that a worker may be expected to do: what was measured; for one that is new,
    /// what the others do for each of their threads.
    func rate(at index: Int) -> Double {
        if let rate = workers[index].rate { return rate }
        var rates = 0.0
        var threads = 0
        for worker in workers {
            guard let rate = worker.rate else { continue }
            rates += rate
            threads += worker.threads
        }
        return Double(workers[index].threads) * (threads > 0 ? rates / Double(threads) : 1)
    }

    /// A worker finished `shards` in that time. Returns nothing for one that is lost.
    mutating func measured(_ id: WorkerID, shards: Int, from start: Duration, to end: Duration) {
        guard let index = index(of: id) else { return }
        workers[index].measured(Double(shards) / seconds(from: start, to: end))
        workers[index].busyUntil = end
    }

    /// A worker did not finish `shards` in that time: it is slower than that.
    mutating func exceeded(_ id: WorkerID, shards: Int, from start: Duration, to end: Duration) {
        guard let index = index(of: id) else { return }
        let bound = Double(shards) / seconds(from: start, to: end)
        if bound < rate(at: index) { workers[index].measured(bound) }
    }

    /// A worker got no share of a step because it is so slow. So it is never measured again, and may
    /// have recovered: with every such step it counts as one percent faster, until it is tried out.
    mutating func pardon(_ id: WorkerID) {
        guard let index = index(of: id), let rate = workers[index].rate else { return }
        var sum = 0.0
        for other in workers.indices { sum += self.rate(at: other) }
        let average = sum / Double(workers.count)
        if rate < average {
            workers[index].rate = min(rate * 1.01, average)
            workers[index].isGuess = true
        }
    }
}

/// One worker as the machine sees it.
struct Worker: Sendable {
    enum Standing: Equatable, Sendable {
        case active
        /// Gets nothing new. What it still sends counts; nobody relies on it.
        case leaving
    }

    let id: WorkerID
    let threads: Int
    var standing = Standing.active
    var lastHeard: Duration
    /// When it last finished a lease: it works on one after the other.
    var busyUntil: Duration
    /// Shards a second, an exponentially weighted mean of what was measured.
    var rate: Double?
    /// Whether `rate` is more than was measured; the next measure then takes its place.
    var isGuess = false
    /// All that it did before this step is right.
    var trusted: StepID
    /// The lease of the last audited shard that it was asked for.
    var lastAudit = LeaseID(raw: 0)

    init(id: WorkerID, threads: Int, trusted: StepID, lastHeard: Duration) {
        self.id = id
        self.threads = threads
        self.trusted = trusted
        self.lastHeard = lastHeard
        busyUntil = lastHeard
    }

    mutating func measured(_ sample: Double) {
        if let rate, !isGuess {
            self.rate = rate + (sample - rate) / 8
        } else {
            rate = sample
            isGuess = false
        }
    }
}

/// At least a microsecond, so that a rate is a number.
func seconds(from start: Duration, to end: Duration) -> Double {
    max((end - start) / .seconds(1), 1e-6)
}

extension Range<Int> {
    fileprivate var middle: Int? { isEmpty ? nil : lowerBound + (upperBound - lowerBound) / 2 }
}
