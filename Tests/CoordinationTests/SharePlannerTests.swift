// SPDX-License-Identifier: Apache-2.0

import Coordination
import Testing

@Suite struct SharePlannerTests {
    private func shares(
        of range: Range<Int>, in leaves: Int, _ candidates: [(rate: Double, backlog: Int)],
        unevenness: Double = 3 / 16
    ) -> [Range<Int>] {
        var planner = SharePlanner(unevenness: unevenness)
        for (index, candidate) in candidates.enumerated() {
            planner.candidates.append(
                Candidate(
                    worker: WorkerID(raw: UInt64(index)), rate: candidate.rate,
                    backlog: candidate.backlog))
        }
        planner.plan(range, in: ReductionTree(leaves: leaves))
        return planner.candidates.map { $0.shards }
    }

    private func equals(_ workers: Int) -> [(rate: Double, backlog: Int)] {
        Array(repeating: (rate: 1, backlog: 0), count: workers)
    }

    /// The fewest vectors that any cut of 64 shards with at most three sixteenths too much for anyone allows,
    /// from an exhaustive search (reference: 1.67 vectors each for three workers, 2.4 for five ...).
    @Test(arguments: [
        (2, 2), (3, 5), (4, 4), (5, 12), (6, 10), (7, 13), (8, 8), (10, 24), (16, 16),
    ])
    func fewNodesTravel(workers: Int, nodes: Int) {
        let tree = ReductionTree(leaves: 64)
        let shares = shares(of: 0..<64, in: 64, equals(workers))
        #expect(shares.reduce(0) { $0 + tree.nodeCount(covering: $1) } == nodes, "\(shares)")
    }

    @Test func sharesAreProportionalToSpeed() {
        #expect(shares(of: 0..<16, in: 16, [(3, 0), (1, 0)]) == [0..<12, 12..<16])
        #expect(shares(of: 0..<10, in: 10, [(4, 0), (1, 0)]) == [0..<8, 8..<10])
    }

    @Test func whoHasEnoughToDoGetsNothing() {
        #expect(shares(of: 4..<8, in: 16, [(1, 9), (1, 0)]) == [4..<4, 4..<8])
        #expect(shares(of: 0..<4, in: 16, [(1, 2), (1, 0)]) == [0..<1, 1..<4])
    }

    @Test func oneShardGoesToTheOneWhoIsDoneWithItFirst() {
        #expect(shares(of: 5..<6, in: 8, [(1, 0), (4, 1), (1, 0)]) == [5..<5, 5..<6, 6..<6])
    }

    @Test func whenThereAreMoreWorkersThanShardsSomeGetNothing() {
        let shares = shares(of: 0..<3, in: 3, equals(5))
        #expect(shares.map(\.count).sorted() == [0, 0, 1, 1, 1])
    }

    /// A worker a tenth slower than the other still gets as much where a vector is saved, but not one a sixth
    /// slower.
    @Test func sharesAreAsEvenAsAsked() {
        func counts(_ rate: Double, _ unevenness: Double) -> [Int] {
            shares(of: 0..<16, in: 16, [(1, 0), (rate, 0)], unevenness: unevenness).map(\.count)
        }
        #expect(counts(0.9, 1 / 16) == [8, 8])
        #expect(counts(0.83, 1 / 16) == [9, 7])
        #expect(counts(0.83, 3 / 16) == [8, 8])
    }

    /// Whatever the speeds: everything is shared out once, in order; and nobody takes longer than the best
    /// division into whole shards but by what is allowed.
    @Test(arguments: [0, 1.0 / 16, 3.0 / 16])
    func noShareIsLostAndNoneTakesMuchLonger(unevenness: Double) {
        var random = SplitMix64(seed: 2)
        for _ in 0..<3000 {
            let leaves = 1 + random.below(random.chance(oneIn: 50) ? 5000 : 100)
            let lower = random.below(leaves)
            let range = lower..<lower + 1 + random.below(leaves - lower)
            let candidates = (0...random.below(12)).map { _ in
                (
                    rate: Double(1 + random.below(1000)) / 100,
                    backlog: random.below(3) * random.below(20)
                )
            }
            let shares = shares(of: range, in: leaves, candidates, unevenness: unevenness)
            var next = range.lowerBound
            for share in shares {
                #expect(share.lowerBound == next)
                next = share.upperBound
            }
            #expect(next == range.upperBound)
            let best = soonest(range.count, candidates)
            for (share, candidate) in zip(shares, candidates) where !share.isEmpty {
                let time = Double(share.count + candidate.backlog) / candidate.rate
                #expect(
                    time <= best * (1.0000001 + unevenness),
                    "\(range) of \(leaves), \(candidates): \(shares)")
            }
        }
    }

    /// When the last is done if every shard goes to the one who is done with it first.
    private func soonest(_ shards: Int, _ candidates: [(rate: Double, backlog: Int)]) -> Double {
        var loads = candidates.map(\.backlog)
        var last = 0.0
        for _ in 0..<shards {
            let times = loads.indices.map { Double(loads[$0] + 1) / candidates[$0].rate }
            let first = times.indices.min { times[$0] < times[$1] } ?? 0
            loads[first] += 1
            last = max(last, times[first])
        }
        return last
    }
}
