// SPDX-License-Identifier: Apache-2.0
//
// Tables of events: what is said to what, in which order.

import Coordination
import Testing

@Suite struct StepMachineTests {
    @Test func bothOpenStepsAreLeasedAtOnce() {
        var machine = StepMachine.withWorkers(1, 1)
        #expect(machine.planned(0, shards: 4) == [.lease(0, 0, 0, 0..<2), .lease(1, 1, 0, 2..<4)])
        #expect(machine.planned(1, shards: 2) == [.lease(2, 0, 1, 0..<1), .lease(3, 1, 1, 1..<2)])
    }

    @Test func oneCreditLeasesTheNextStepWhenItIsTheCurrentOne() {
        var machine = StepMachine.withWorkers(1, as: .init(leaseCredits: 1))
        #expect(machine.planned(0, shards: 1) == [.lease(0, 0, 0, 0..<1)])
        #expect(machine.planned(1, shards: 1) == [])
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0)
        #expect(machine.applied(0) == [.commit(0), .lease(1, 0, 1, 0..<1)])
    }

    @Test func siblingsAreMergedInTheOrderOfTheTreeWhicheverComesFirst() {
        var machine = StepMachine.withWorkers(1, 1)
        _ = machine.planned(0, shards: 2)
        #expect(machine.arrived(0, node(0, 1), lease: 1, from: 1) == [.store(0, 0, node(0, 1))])
        #expect(
            machine.arrived(0, node(0, 0), lease: 0, from: 0) == [
                .store(0, 0, node(0, 0)),
                .merge(0, 0, left: node(0, 0), right: node(0, 1), into: node(1, 0)),
                .reduced(0, 0),
            ])
    }

    @Test func aNodeWithoutASiblingPassesThrough() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(0, shards: 3)
        #expect(
            machine.arrived(0, node(0, 2), lease: 0, from: 0) == [
                .store(0, 0, node(0, 2)), .pass(0, 0, node(0, 2), into: node(1, 1)),
            ])
    }

    @Test func aBiggerNodeTakesThePlaceOfThoseBelow() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(0, shards: 8)
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0)
        _ = machine.arrived(0, node(1, 1), lease: 0, from: 0)
        #expect(
            machine.arrived(0, node(2, 0), lease: 0, from: 0) == [
                .discard(0, 0, node(1, 1)), .discard(0, 0, node(0, 0)),
                .store(0, 0, node(2, 0)),
            ])
    }

    @Test func whatIsNotNeededIsDropped() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(3, shards: 4, chunks: 2)
        _ = machine.planned(4, shards: 4, chunks: 2)
        _ = machine.arrived(3, node(1, 0), lease: 0, from: 0)
        let cases: [(StepID, Int, TreeNode, DropReason)] = [
            (2, 0, node(0, 0), .stale),
            (3, 0, node(1, 0), .covered),
            (3, 0, node(0, 1), .covered),
            (5, 0, node(0, 0), .unknownStep),
            (3, 2, node(0, 0), .unknownChunk),
            (3, -1, node(0, 0), .unknownChunk),
            (3, 0, node(0, 4), .notANode),
            (3, 0, node(3, 0), .notANode),
            (3, 0, node(-1, 0), .notANode),
            (3, 0, node(.max, .max), .notANode),
            (3, 0, node(0, .min), .notANode),
        ]
        for (step, chunk, node, reason) in cases {
            let actions = machine.arrived(step, chunk: chunk, node, lease: 0, from: 0)
            #expect(actions == [.drop(reason)], "step \(step), chunk \(chunk), node \(node)")
        }
    }

    @Test func aStepIsCommittedWithItsLastChunk() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(0, shards: 1, chunks: 2)
        _ = machine.arrived(0, chunk: 1, node(0, 0), lease: 0, from: 0)
        #expect(machine.applied(0, chunk: 1) == [])
        _ = machine.arrived(0, chunk: 0, node(0, 0), lease: 0, from: 0)
        #expect(machine.applied(0, chunk: 0) == [.commit(0)])
        #expect(machine.arrived(0, node(0, 0), lease: 0, from: 0) == [.drop(.stale)])
    }

    @Test func aStepIsReducedOnlyWhenTheOneBeforeIsCommitted() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(0, shards: 1)
        _ = machine.planned(1, shards: 1)
        #expect(machine.arrived(1, node(0, 0), lease: 1, from: 0) == [.store(1, 0, node(0, 0))])
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0)
        #expect(machine.applied(0) == [.commit(0), .reduced(1, 0)])
        #expect(machine.applied(1) == [.commit(1)])
    }

    @Test func whatALostWorkerHasSentIsKept() {
        var machine = StepMachine.withWorkers(1, 1)
        _ = machine.planned(0, shards: 6)
        // 0..<2 and 2..<3 were worker 0's.
        _ = machine.arrived(0, node(1, 0), lease: 0, from: 0)
        #expect(machine.lost(0) == [.lease(2, 1, 0, 2..<3)])
    }

    @Test func aShardThatIsMissingInAnyChunkIsLeasedAgain() {
        var machine = StepMachine.withWorkers(1, 1)
        _ = machine.planned(0, shards: 4, chunks: 3)
        _ = machine.arrived(0, chunk: 0, node(1, 0), lease: 0, from: 0)
        _ = machine.arrived(0, chunk: 2, node(1, 0), lease: 0, from: 0)
        #expect(machine.lost(0) == [.lease(2, 1, 0, 0..<2)])
        #expect(machine.arrived(0, chunk: 0, node(1, 0), lease: 2, from: 1) == [.drop(.covered)])
    }

    @Test func theLossOfOneIsSharedByTheOthers() {
        var machine = StepMachine.withWorkers(1, 1, 1)
        _ = machine.planned(0, shards: 12)
        _ = machine.planned(1, shards: 12)
        #expect(
            machine.lost(1) == [
                .lease(6, 0, 0, 4..<6), .lease(7, 2, 0, 6..<8),
                .lease(8, 0, 1, 4..<6), .lease(9, 2, 1, 6..<8),
            ])
        #expect(machine.lost(1) == [])
    }

    @Test func theOneWhoIsDoneTakesOver() {
        var machine = StepMachine.withWorkers(1, 1, 1)
        _ = machine.planned(0, shards: 12)
        _ = machine.arrived(0, node(2, 0), lease: 0, from: 0, at: .seconds(1))
        #expect(machine.lost(1, at: .seconds(1)) == [.lease(3, 0, 0, 4..<8)])
    }

    @Test func aLeaverIsReplacedButWhatItStillSendsCounts() {
        var machine = StepMachine.withWorkers(1, 1)
        _ = machine.planned(0, shards: 2)
        #expect(machine.leaving(0) == [.lease(2, 1, 0, 0..<1)])
        #expect(machine.leaving(0) == [])
        #expect(machine.planned(1, shards: 2) == [.lease(3, 1, 1, 0..<2)])
        #expect(machine.arrived(0, node(0, 0), lease: 0, from: 0) == [.store(0, 0, node(0, 0))])
        #expect(machine.lost(0) == [])
    }

    @Test func whenNobodyIsThereItSaysSoOnce() {
        var machine = StepMachine()
        #expect(machine.planned(0, shards: 2) == [.waiting])
        #expect(machine.planned(1, shards: 2) == [])
        #expect(machine.joined(0) == [.lease(0, 0, 0, 0..<2), .lease(1, 0, 1, 0..<2)])
        #expect(machine.lost(0) == [.waiting])
        #expect(machine.joined(1) == [.lease(2, 1, 0, 0..<2), .lease(3, 1, 1, 0..<2)])
    }

    @Test func aJoinerDisturbsNobodyAndGetsAShareOfTheNextStepPlanned() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(0, shards: 2)
        #expect(machine.joined(7) == [])
        #expect(machine.planned(1, shards: 2) == [.lease(1, 0, 1, 0..<1), .lease(2, 7, 1, 1..<2)])
    }

    @Test func sharesFollowTheThreadsFirstAndThenTheSpeedThatWasMeasured() {
        var machine = StepMachine.withWorkers(3, 1)
        #expect(machine.planned(0, shards: 4) == [.lease(0, 0, 0, 0..<3), .lease(1, 1, 0, 3..<4)])
        // A shard a second both.
        _ = machine.arrived(0, node(0, 3), lease: 1, from: 1, at: .seconds(1))
        _ = machine.arrived(0, node(1, 0), lease: 0, from: 0, at: .seconds(2))
        _ = machine.arrived(0, node(0, 2), lease: 0, from: 0, at: .seconds(3))
        _ = machine.applied(0, at: .seconds(3))
        #expect(
            machine.planned(1, shards: 4, at: .seconds(3)) == [
                .lease(2, 0, 1, 0..<2), .lease(3, 1, 1, 2..<4),
            ])
    }

    @Test func aContributionThatComesTwiceDoesNotFinishALease() {
        var machine = StepMachine.withWorkers(1, 1)
        _ = machine.planned(0, shards: 6)
        _ = machine.arrived(0, node(1, 0), lease: 0, from: 0)
        _ = machine.arrived(0, node(1, 0), lease: 0, from: 0)
        #expect(machine.waitingFor.map { $0.0 } == [0, 1])
        #expect(machine.waitingFor.map { $0.1 } == [2..<3, 3..<6])
    }

    /// What grows in a step is what allocates in a step.
    @Test func stepsOfAShapeThatIsKnownTakeNoMoreMemory() {
        var machine = StepMachine.withWorkers(1, 2, 3, as: .init(leaseCredits: 1))
        var capacities: [Int] = []
        for step in 0..<300 as Range<UInt64> {
            // Training and, every third step, evaluation; somebody is lost and replaced every tenth.
            let isTraining = !step.isMultiple(of: 3)
            let tree = ReductionTree(leaves: isTraining ? 37 : 64)
            var actions: [Action] = []
            if step % 10 == 9 { _ = machine.joined(WorkerID(raw: step), threads: 2) }
            actions += machine.planned(
                StepID(raw: step), shards: tree.leaves, chunks: isTraining ? 70 : 1)
            if step % 10 == 9 { actions += machine.lost(WorkerID(raw: max(12, step) - 10)) }
            for case .lease(let lease) in actions {
                for chunk in 0..<(isTraining ? 70 : 1) {
                    for node in tree.nodes(covering: lease.shards) {
                        _ = machine.arrived(
                            lease.step, chunk: chunk, node, lease: lease.id, from: lease.worker)
                    }
                }
            }
            for chunk in 0..<(isTraining ? 70 : 1) {
                _ = machine.applied(StepID(raw: step), chunk: chunk)
            }
            capacities.append(machine.capacity)
        }
        #expect(capacities[100...].allSatisfy { $0 == capacities[100] }, "\(capacities)")
    }

    @Test func theDiagnosisNamesWorkersAndShards() {
        var machine = StepMachine.withWorkers(1, 1)
        #expect(machine.description == "no step is open, 2 workers")
        _ = machine.planned(7, shards: 4, chunks: 2)
        _ = machine.arrived(7, chunk: 0, node(1, 0), lease: 0, from: 0)
        _ = machine.arrived(7, chunk: 1, node(1, 0), lease: 0, from: 0)
        #expect(
            machine.description
                == "step 7: 0 of 2 chunks applied, waiting for shards 2..<4 of worker 1")
    }
}
