// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to workers and messages, every step is the same sum and the run ends.

import Coordination
import Testing

@Suite struct WorldTests {
    /// Every schedule is a seed; what fails can be run again alone.
    ///
    /// - Returns: How many workers were put out.
    @discardableResult private func run(
        seeds: Range<UInt64>, shards: Int, chunks: Int, accidents: Int, isLossy: Bool = false,
        isMad: Bool = false, audit: Double = 0, isFaulty: Bool = false
    ) -> Int {
        let sums = Sums()
        var convictions = 0
        let start = ContinuousClock.now
        defer {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print(
                "\(seeds.count) random schedules of up to \(shards) shards: "
                    + "\(Int(Double(seeds.count) / seconds)) a second")
        }
        for seed in seeds {
            var chaos = Chaos(
                seed: seed, accidents: accidents, isLossy: isLossy, isMad: isMad, audit: audit,
                isFaulty: isFaulty)
            var world = chaos.world(shards: shards, chunks: chunks, sums: sums)
            let isFinished = chaos.run(&world)
            #expect(world.broken.isEmpty, "seed \(seed): \(world.broken)")
            #expect(isFinished, "seed \(seed): stuck after \(chaos.turns) turns, \(world.machine)")
            // Nobody is asked again and again.
            let pieces = audit > 0 ? shards : 1
            #expect(
                world.leased <= 16 * world.steps.count * world.actors.count * pieces,
                "seed \(seed)")
            convictions += world.convictions
            if !world.broken.isEmpty || !isFinished { break }
        }
        return convictions
    }

    @Test func aRunWithoutAccidentsIsTheCanonicalSum() {
        run(seeds: 0..<1000, shards: 16, chunks: 3, accidents: 0)
    }

    @Test func aRunWithAccidentsIsTheCanonicalSum() {
        run(seeds: 0..<20_000, shards: 9, chunks: 3, accidents: 12)
    }

    @Test func aRunOfManyShardsIsTheCanonicalSum() {
        run(seeds: 0..<100, shards: 300, chunks: 12, accidents: 40)
    }

    @Test func aNetworkThatLosesMessagesDelaysARunButDoesNotStopIt() {
        run(seeds: 0..<5000, shards: 9, chunks: 3, accidents: 30, isLossy: true)
    }

    @Test func aWorkerThatRunsAheadIsHeldBack() {
        run(seeds: 0..<5000, shards: 9, chunks: 3, accidents: 12, isMad: true)
    }

    @Test(arguments: [0.1, 1])
    func auditsDoNotChangeTheSumOrPutAnybodyOut(share: Double) {
        let convictions = run(
            seeds: 0..<1500, shards: 9, chunks: 3, accidents: 20, isLossy: true, audit: share)
        #expect(convictions == 0)
    }

    /// Where every shard is audited nothing that is wrong is added up, unless nobody was there to check.
    @Test func workersThatComputeWrongArePutOutBeforeItCounts() {
        let convictions = run(
            seeds: 0..<3000, shards: 6, chunks: 2, accidents: 12, isLossy: true, audit: 1,
            isFaulty: true)
        #expect(convictions > 500, "only \(convictions) were put out")
    }

    /// Where few are, some of what is wrong is; but the step from which on it may be is always told.
    @Test func aWorkerIsTrustedOnlyUpToTheLastAuditThatItPassed() {
        let convictions = run(
            seeds: 0..<3000, shards: 9, chunks: 2, accidents: 12, audit: 0.2, isFaulty: true)
        #expect(convictions > 500, "only \(convictions) were put out")
    }
}
