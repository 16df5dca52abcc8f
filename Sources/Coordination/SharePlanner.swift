// SPDX-License-Identifier: Apache-2.0
//
// Who gets how much: shares by speed, so that all are done at the same time.

/// A worker that may get a part of a range of shards.
package struct Candidate: Equatable, Sendable {
    package let worker: WorkerID
    /// Shards a second.
    package let rate: Double
    /// Shards of the same step that it has to do first.
    package let backlog: Int

    /// Whether it has enough to do.
    fileprivate var isFull = false
    /// The exact share.
    fileprivate(set) var ideal = 0.0
    /// The share in whole shards.
    fileprivate(set) var share = 0
    /// What it may get instead, where that lets fewer nodes travel.
    fileprivate(set) var bounds = 0...0
    /// What it does get. Ascending with the candidates, without gaps.
    package internal(set) var shards = 0..<0

    package init(worker: WorkerID, rate: Double, backlog: Int) {
        self.worker = worker
        self.rate = rate
        self.backlog = backlog
    }
}

/// Divides a contiguous range of shards among workers.
///
/// Shares are poured like water into vessels as wide as the workers are fast, their backlog already in
/// them: the level is the time at which all are done. They are made whole, and `Snapping` then moves
/// the cuts between them to places where the tree parts anyway.
///
/// Keep one and use it again: it keeps the memory of its plans.
package struct SharePlanner: Sendable {
    /// Fill in before `plan`, in the order of their numbers, at least one.
    package var candidates: [Candidate] = []
    private var snapping = Snapping()

    private let unevenness: Double

    /// - Parameter unevenness: By this share a worker's predicted time may exceed that of the ideal plan to
    ///   save nodes: each of them is a vector to send, check and add, and speeds are never known exactly.
    package init(unevenness: Double) { self.unevenness = unevenness }

    var capacity: Int { candidates.capacity + snapping.capacity }

    /// Sets `shards` of every candidate, empty for those that get nothing.
    package mutating func plan(_ range: Range<Int>, in tree: ReductionTree) {
        precondition(!candidates.isEmpty, "no candidates for shards \(range)")
        let level = pour(range.count)
        round(range.count)
        for index in candidates.indices where candidates[index].share > 0 {
            let candidate = candidates[index]
            let most = Int(level * (1 + unevenness) * candidate.rate) - candidate.backlog
            candidates[index].bounds =
                (candidate.share + 1) / 2...max(candidate.share, min(most, range.count))
        }
        snapping.cut(range, in: tree, among: &candidates)
    }

    /// Sets the ideal shares of `count` shards. Returns the seconds in which all are done.
    private mutating func pour(_ count: Int) -> Double {
        var level = 0.0
        var isLevel = false
        while !isLevel {
            var shards = Double(count)
            var rates = 0.0
            for candidate in candidates where !candidate.isFull {
                shards += Double(candidate.backlog)
                rates += candidate.rate
            }
            level = shards / rates
            // Who stands above the level does not take part. Without them it is lower, so that others
            // may; the emptiest never does.
            isLevel = true
            for index in candidates.indices where !candidates[index].isFull {
                candidates[index].ideal =
                    level * candidates[index].rate - Double(candidates[index].backlog)
                if candidates[index].ideal <= 0 {
                    candidates[index].ideal = 0
                    candidates[index].isFull = true
                    isLevel = false
                }
            }
        }
        return level
    }

    /// Sets the whole shares: the ideal ones rounded down, then the rest one by one, each to the worker
    /// that is done with it first. No other whole shares are done sooner.
    private mutating func round(_ count: Int) {
        var rest = count
        for index in candidates.indices {
            candidates[index].share = min(Int(candidates[index].ideal), rest)
            rest -= candidates[index].share
        }
        while rest > 0 {
            var first = 0
            for index in candidates.indices.dropFirst()
            where candidates[index].doneWithOneMore < candidates[first].doneWithOneMore {
                first = index
            }
            candidates[first].share += 1
            rest -= 1
        }
    }
}

extension Candidate {
    fileprivate var doneWithOneMore: Double { Double(backlog + share + 1) / rate }
}
