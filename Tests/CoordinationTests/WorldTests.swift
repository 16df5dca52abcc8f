// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to workers and messages, every step is the same sum and the run ends.

import Coordination
import Testing

@Suite struct WorldTests {
    /// Every schedule is a seed; what fails can be run again alone.
    private func run(
        seeds: Range<UInt64>, shards: Int, chunks: Int, accidents: Int, isLossy: Bool = false,
        isMad: Bool = false
    ) {
        let sums = Sums()
        for seed in seeds {
            var chaos = Chaos(
                seed: seed, accidents: accidents, isLossy: isLossy, isMad: isMad)
            var world = chaos.world(shards: shards, chunks: chunks, sums: sums)
            let isFinished = chaos.run(&world)
            #expect(world.broken.isEmpty, "seed \(seed): \(world.broken)")
            #expect(isFinished, "seed \(seed): stuck after \(chaos.turns) turns, \(world.machine)")
            // Nobody is asked again and again.
            #expect(world.leased <= 16 * world.steps.count * world.actors.count, "seed \(seed)")
            if !world.broken.isEmpty || !isFinished { return }
        }
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
}
