// SPDX-License-Identifier: Apache-2.0
//
// Tables of events in time: silence and delay.

import Coordination
import Testing

@Suite struct DeadlineTests {
    @Test func aSilentWorkerIsEvictedAndItsShardsLeased() {
        var machine = StepMachine.withWorkers(1, 1, as: .init(firstDeadline: nil))
        _ = machine.planned(0, shards: 2)
        #expect(machine.nextDeadline == .seconds(3))
        machine.heard(from: 0, at: .seconds(2))
        #expect(machine.deadline(at: .milliseconds(2999)) == [])
        #expect(machine.deadline(at: .seconds(3)) == [.evict(1), .lease(2, 0, 0, 1..<2)])
        #expect(machine.nextDeadline == .seconds(5))
        // Its last words.
        machine.heard(from: 1, at: .seconds(4))
        #expect(
            machine.arrived(0, node(0, 1), lease: 1, from: 1, at: .seconds(4)) == [
                .store(0, 0, node(0, 1))
            ])
    }

    @Test func theLastSilentWorkerLeavesTheRunWaiting() {
        var machine = StepMachine.withWorkers(1)
        _ = machine.planned(0, shards: 1)
        #expect(machine.deadline(at: .seconds(3)) == [.evict(0), .waiting])
        #expect(machine.nextDeadline == nil)
    }

    /// Two workers with a shard each; worker 0 needs 1 s.
    private func halfDone(_ configuration: MachineConfiguration = .init()) -> StepMachine {
        var configuration = configuration
        configuration.heartbeatTimeout = .seconds(1000)
        var machine = StepMachine.withWorkers(1, 1, as: configuration)
        _ = machine.planned(0, shards: 2)
        _ = machine.planned(1, shards: 2)
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0, at: .seconds(1))
        return machine
    }

    @Test func anOverdueLeaseIsLeasedToAnotherToo() {
        var machine = halfDone()
        // Four times a second a shard, and half a second.
        #expect(machine.nextDeadline == .milliseconds(4500))
        #expect(
            machine.deadline(at: .milliseconds(4500)) == [
                .straggler(1, 1), .lease(4, 0, 0, 1..<2),
            ])
        // The first copy wins, whosever it is.
        _ = machine.arrived(0, node(0, 1), lease: 1, from: 1, at: .seconds(5))
        #expect(
            machine.arrived(0, node(0, 1), lease: 4, from: 0, at: .seconds(6)) == [.drop(.covered)])
    }

    @Test func beforeALeaseHasFinishedThereIsOnlyTheFirstDeadline() {
        let patient = MachineConfiguration(heartbeatTimeout: .seconds(1000), firstDeadline: nil)
        var machine = StepMachine.withWorkers(1, as: patient)
        _ = machine.planned(0, shards: 1)
        #expect(machine.nextDeadline == .seconds(1000))
    }

    @Test func theNextStepHasNoDeadlineBeforeItIsTheCurrentOne() {
        var machine = halfDone()
        _ = machine.arrived(0, node(0, 1), lease: 1, from: 1, at: .seconds(1))
        #expect(machine.nextDeadline == .seconds(1001))
        _ = machine.applied(0, at: .seconds(100))
        #expect(machine.nextDeadline == .milliseconds(104_500))
    }

    @Test func aSlowWorkerWithoutOthersIsAskedAgainWhenItTookSixteenTimesAsLong() {
        var machine = halfDone()
        _ = machine.lost(0, at: .seconds(1))
        var said: [(Duration, [Action])] = []
        while said.count < 6, let deadline = machine.nextDeadline, deadline < .seconds(1000) {
            said.append((deadline, machine.deadline(at: deadline)))
        }
        #expect(
            said.map { $0.0 } == [
                .milliseconds(4500), .seconds(9), .seconds(18), .seconds(36), .seconds(72),
                .seconds(144),
            ])
        #expect(
            said.map { $0.1 } == [
                [.straggler(1, 1)], [], [], [], [.lease(5, 1, 0, 1..<2)],
                [.straggler(1, 5), .lease(6, 1, 0, 1..<2)],
            ])
    }

    @Test func aWorkerThatJoinsTakesOverFromOneThatIsStuck() {
        var machine = halfDone()
        _ = machine.lost(0, at: .seconds(1))
        _ = machine.deadline(at: .milliseconds(4500))
        #expect(machine.joined(2, at: .seconds(5)) == [])
        #expect(machine.deadline(at: .seconds(9)) == [.lease(5, 2, 0, 1..<2)])
    }

    @Test func aWorkerThatGotStuckGetsLessEveryStepAndIsTriedOutAgain() {
        var machine = StepMachine.withWorkers(1, 1, as: .init(heartbeatTimeout: .seconds(1 << 20)))
        let tree = ReductionTree(leaves: 16)
        var now = Duration.zero
        var shares: [Int] = []
        var work: [Lease] = []
        func note(_ actions: [Action]) {
            for case .lease(let lease) in actions where lease.worker == 0 { work.append(lease) }
            for case .lease(let lease) in actions where lease.worker == 1 {
                shares[shares.count - 1] += lease.shards.count
            }
        }
        for step in 0..<400 as Range<UInt64> {
            shares.append(0)
            note(machine.planned(StepID(raw: step), shards: 16, at: now))
            var isReduced = false
            while !isReduced {
                while let lease = work.popLast() {
                    now += .milliseconds(10) * lease.shards.count
                    for node in tree.nodes(covering: lease.shards) {
                        let actions = machine.arrived(
                            lease.step, node, lease: lease.id, from: 0, at: now)
                        isReduced = isReduced || actions.last == .reduced(lease.step, 0)
                    }
                }
                if !isReduced, let deadline = machine.nextDeadline {
                    now = deadline
                    note(machine.deadline(at: now))
                }
            }
            _ = machine.applied(StepID(raw: step), at: now)
        }
        #expect(shares[0] == 8)
        #expect(shares[..<40].contains(0))
        #expect(shares[40...].contains(1) && shares[40...].allSatisfy { $0 <= 1 })
        #expect(shares.count { $0 == 0 } > 300)
    }
}
