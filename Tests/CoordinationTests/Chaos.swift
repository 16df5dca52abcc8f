// SPDX-License-Identifier: Apache-2.0
//
// Lets anything happen in a world, by a seed.

import Coordination

/// A schedule: what may go wrong in it, and the random numbers that decide when.
struct Chaos {
    var random: SplitMix64
    /// How many accidents there may be. Then all goes well, so that the run can be finished.
    var accidents: Int
    /// Vectors get lost though the connection lives, which TCP does not do.
    var isLossy = false
    /// Workers send sums of a step before it is its turn, which they cannot have computed.
    var isMad = false
    /// The share of shards that two workers compute.
    var audit = AuditRule(share: 0)
    /// Workers begin to compute wrong.
    var isFaulty = false
    /// Accidents without which the run goes on: some worker is left.
    private(set) var turns = 0

    init(
        seed: UInt64, accidents: Int, isLossy: Bool = false, isMad: Bool = false,
        audit: Double = 0, isFaulty: Bool = false
    ) {
        random = SplitMix64(seed: seed)
        self.accidents = accidents
        self.isLossy = isLossy
        self.isMad = isMad
        self.audit = AuditRule(share: audit)
        self.isFaulty = isFaulty
    }

    /// A world of up to four workers and five steps of up to `shards` shards.
    mutating func world(shards: Int, chunks: Int, sums: Sums) -> World {
        let steps = (0...random.below(5)).map { _ in
            World.Step(shards: 1 + random.below(shards), chunks: 1 + random.below(chunks))
        }
        var world = World(
            steps, sums: sums,
            MachineConfiguration(
                leaseCredits: 1 + random.below(2), deadlineFloor: .milliseconds(100),
                firstDeadline: .seconds(2), audit: audit))
        for _ in 0...random.below(4) { world.perform(.joins) }
        return world
    }

    /// Runs a world to its end. Returns whether it was reached within a bounded number of turns.
    mutating func run(_ world: inout World, turns: Int = 20_000) -> Bool {
        for _ in 0..<turns {
            if world.isFinished || !world.broken.isEmpty { return world.isFinished }
            self.turns += 1
            world.perform(next(in: world))
            if random.chance(oneIn: 16) { world.checkDiagnosis() }
        }
        return false
    }

    private mutating func next(in world: World) -> World.Event {
        if accidents > 0, random.chance(oneIn: 8), let accident = accident(in: world) {
            accidents -= 1
            return accident
        }
        if accidents == 0,
            world.isUndecided
                || !world.actors.contains(where: { $0.isMember && $0.state == .working })
        {
            return .joins
        }
        let isMad = isMad
        switch random.below(8) {
        case 0...2:
            if let index = pick(from: world.actors, where: { world.canSend($0, isMad: isMad) }) {
                return .sends(index)
            }
        case 3...5:
            if !world.network.isEmpty { return .arrives(random.below(world.network.count)) }
        case 6:
            if !world.toApply.isEmpty { return .applied(random.below(world.toApply.count)) }
        default:
            if let leaver = pick(from: world.actors, where: { $0.state == .leaving && $0.isMember })
            {
                if random.chance(oneIn: 4) { return .saysGoodbye(leaver) }
            }
        }
        // Mostly nothing happens for a moment; at times nothing at all until a deadline.
        let isIdle =
            world.network.isEmpty && world.toApply.isEmpty
            && !world.actors.contains { world.canSend($0, isMad: isMad) }
        if isIdle, let deadline = world.machine.nextDeadline, world.now < deadline {
            return .timePasses(deadline - world.now)
        }
        return .timePasses(.milliseconds(random.below(random.chance(oneIn: 8) ? 1000 : 20)))
    }

    private mutating func accident(in world: World) -> World.Event? {
        if isFaulty, random.chance(oneIn: 4) {
            return pick(from: world.actors, where: { $0.state == .working && !$0.isFaulty })
                .map { .goesBad($0) }
        }
        switch random.below(12) {
        case 0, 1:
            return .joins
        case 2:
            return pick(from: world.actors, where: { $0.state != .dead }).map { .dies($0) }
        case 3:
            return pick(from: world.actors, where: { $0.state != .dead }).map { .diesUnnoticed($0) }
        case 4:
            return pick(from: world.actors, where: { $0.state == .working }).map { .leaves($0) }
        case 5, 6:
            return pick(from: world.actors, where: { $0.state == .working }).map { .freezes($0) }
        case 7, 8:
            return pick(from: world.actors, where: { $0.state == .frozen }).map { .thaws($0) }
        case 9, 10:
            return world.network.isEmpty
                ? nil : .arrivesTwice(random.below(world.network.count))
        default:
            return world.network.isEmpty || !isLossy
                ? nil : .isLost(random.below(world.network.count))
        }
    }

    private mutating func pick(
        from actors: [World.Actor], where isEligible: (World.Actor) -> Bool
    ) -> Int? {
        let count = actors.count(where: isEligible)
        if count == 0 { return nil }
        var left = random.below(count)
        for index in actors.indices where isEligible(actors[index]) {
            if left == 0 { return index }
            left -= 1
        }
        return nil
    }
}
