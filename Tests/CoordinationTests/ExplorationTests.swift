// SPDX-License-Identifier: Apache-2.0
//
// Small runs in which everything happens that can, in every order.

import Coordination
import Testing

/// Walks through all schedules of a world. Sending needs no choice: vectors that were sent arrive at
/// any later time, or, if their sender dies, never.
private struct Exploration {
    var ends = 0
    var failure: String?

    mutating func explore(_ world: World, accidents: Int) {
        var world = world
        while let sender = world.actors.firstIndex(where: { world.canSend($0) }) {
            world.perform(.sends(sender))
        }
        world.checkDiagnosis()
        if !world.broken.isEmpty {
            failure = "\(world.broken)"
        }
        if world.isFinished || failure != nil {
            ends += 1
            return
        }
        let moves = moves(of: world, accidents: accidents)
        if moves.isEmpty { failure = "nothing can happen any more: \(world.machine)" }
        for (event, cost) in moves where failure == nil {
            var next = world
            next.perform(event)
            explore(next, accidents: accidents - cost)
        }
    }

    private func moves(of world: World, accidents: Int) -> [(World.Event, Int)] {
        var moves: [(World.Event, Int)] = []
        for index in world.network.indices { moves.append((.arrives(index), 0)) }
        for index in world.toApply.indices { moves.append((.applied(index), 0)) }
        let active = world.actors.indices.filter { world.actors[$0].state == .working }
        if accidents > 0 {
            for index in world.network.indices { moves.append((.arrivesTwice(index), 1)) }
            for index in active { moves.append((.leaves(index), 1)) }
            if world.machine.configuration.audit.share > 0 {
                for index in active where !world.actors[index].isFaulty {
                    moves.append((.goesBad(index), 1))
                }
            }
            for index in world.actors.indices where world.actors[index].state != .dead {
                moves.append((.dies(index), 1))
            }
        }
        // Somebody comes when nobody is left, or in place of an accident.
        if active.isEmpty || world.isUndecided || accidents > 0 {
            moves.append((.joins, min(accidents, 1)))
        }
        return moves
    }
}

@Suite struct ExplorationTests {
    @Test(arguments: [
        ([World.Step(shards: 3, chunks: 1)], 2, 4),
        ([World.Step(shards: 3, chunks: 2)], 2, 2),
        ([World.Step(shards: 4, chunks: 1)], 3, 2),
        ([World.Step(shards: 3, chunks: 1), World.Step(shards: 2, chunks: 1)], 2, 2),
        ([World.Step(shards: 1, chunks: 1), World.Step(shards: 1, chunks: 1)], 1, 3),
    ])
    func everyScheduleEndsWithTheCanonicalSum(steps: [World.Step], workers: Int, accidents: Int) {
        var world = World(steps, sums: Sums())
        for _ in 0..<workers { world.perform(.joins) }
        var exploration = Exploration()
        exploration.explore(world, accidents: accidents)
        #expect(exploration.failure == nil)
        #expect(exploration.ends > 100, "only \(exploration.ends) schedules")
        print(
            "all \(exploration.ends) schedules of \(workers) workers, \(accidents) accidents and steps of "
                + "\(steps.map(\.shards)) shards")
    }

    /// The same with every shard audited, and workers that begin to compute wrong.
    @Test(arguments: [
        ([World.Step(shards: 2, chunks: 1)], 2, 2), ([World.Step(shards: 2, chunks: 1)], 3, 1),
        ([World.Step(shards: 1, chunks: 2)], 2, 2),
        ([World.Step(shards: 1, chunks: 1), World.Step(shards: 1, chunks: 1)], 2, 2),
        ([World.Step(shards: 1, chunks: 1), World.Step(shards: 1, chunks: 1)], 3, 1),
    ])
    func everyScheduleOfAuditsEndsWithTheCanonicalSum(
        steps: [World.Step], workers: Int, accidents: Int
    ) {
        var world = World(
            steps, sums: Sums(),
            MachineConfiguration(firstDeadline: .seconds(5), audit: AuditRule(share: 1)))
        for _ in 0..<workers { world.perform(.joins) }
        var exploration = Exploration()
        exploration.explore(world, accidents: accidents)
        #expect(exploration.failure == nil)
        #expect(exploration.ends > 100, "only \(exploration.ends) schedules")
        print(
            "all \(exploration.ends) schedules of \(workers) workers, \(accidents) accidents and steps of "
                + "\(steps.map(\.shards)) shards")
    }
}
