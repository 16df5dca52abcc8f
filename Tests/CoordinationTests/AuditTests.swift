// SPDX-License-Identifier: Apache-2.0

import Coordination
import Testing

/// Audited shards, event by event. Every shard of these machines is audited.
@Suite struct AuditTests {
    private static let audited = MachineConfiguration(audit: AuditRule(share: 1))

    @Test func theFirstCopyIsHeldAndTheSecondAdded() {
        var machine = StepMachine.withWorkers(1, 1, as: Self.audited)
        #expect(machine.planned(0, shards: 1) == [.lease(0, 0, 0, 0..<1), .lease(1, 1, 0, 0..<1)])
        #expect(machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 7) == [.drop(.held)])
        #expect(
            machine.arrived(0, node(0, 0), lease: 1, from: 1, saying: 7)
                == [.store(0, 0, node(0, 0)), .reduced(0, 0)])
    }

    @Test func aThirdDecidesAndTheOneWhoIsWrongIsPutOut() {
        var machine = StepMachine.withWorkers(1, 1, 1, as: Self.audited)
        _ = machine.planned(0, shards: 1)
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 7)
        #expect(
            machine.arrived(0, node(0, 0), lease: 1, from: 1, saying: 8)
                == [.drop(.held), .lease(2, 2, 0, 0..<1)])
        #expect(
            machine.arrived(0, node(0, 0), lease: 2, from: 2, saying: 7)
                == [.store(0, 0, node(0, 0)), .reduced(0, 0), .corrupt(1, since: 0)])
    }

    /// Two that disagree cannot be told apart. Whoever comes next is asked.
    @Test func twoThatDisagreeWaitForAThird() {
        var machine = StepMachine.withWorkers(1, 1, as: Self.audited)
        _ = machine.planned(0, shards: 1)
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 7)
        #expect(
            machine.arrived(0, node(0, 0), lease: 1, from: 1, saying: 8)
                == [.drop(.held), .undecided(0, 0)])
        #expect(machine.joined(2) == [.lease(2, 2, 0, 0..<1)])
        #expect(
            machine.arrived(0, node(0, 0), lease: 2, from: 2, saying: 8)
                == [.store(0, 0, node(0, 0)), .reduced(0, 0), .corrupt(0, since: 0)])
    }

    @Test func theOnlyWorkerIsBelieved() {
        var machine = StepMachine.withWorkers(1, as: Self.audited)
        #expect(machine.planned(0, shards: 1) == [.lease(0, 0, 0, 0..<1)])
        #expect(
            machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 7)
                == [.store(0, 0, node(0, 0)), .reduced(0, 0)])
    }

    /// The copy that it sent while there was another is not kept, only its fingerprint.
    @Test func theOnlyWorkerThatIsLeftIsAskedAgain() {
        var machine = StepMachine.withWorkers(1, 1, as: Self.audited)
        _ = machine.planned(0, shards: 1)
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 7)
        #expect(machine.lost(1) == [.lease(2, 0, 0, 0..<1)])
        #expect(
            machine.arrived(0, node(0, 0), lease: 2, from: 0, saying: 7)
                == [.store(0, 0, node(0, 0)), .reduced(0, 0)])
    }

    @Test func aWorkerThatContradictsItselfIsPutOut() {
        var machine = StepMachine.withWorkers(1, 1, as: Self.audited)
        _ = machine.planned(0, shards: 1)
        _ = machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 7)
        #expect(
            machine.arrived(0, node(0, 0), lease: 0, from: 0, saying: 9)
                == [.drop(.refuted), .corrupt(0, since: 0)])
    }

    @Test func aSumOverAnAuditedShardIsDropped() {
        var machine = StepMachine.withWorkers(1, 1, as: Self.audited)
        _ = machine.planned(0, shards: 2)
        #expect(machine.arrived(0, node(1, 0), lease: 0, from: 0) == [.drop(.mixed)])
    }

    /// What a worker did before the last audit that it passed is not done again.
    @Test func aWorkerIsTrustedUpToItsLastAudit() {
        var machine = StepMachine.withWorkers(1, 1, 1, as: Self.audited)
        func step(_ step: UInt64, wrong: WorkerID? = nil) -> [Action] {
            let id = StepID(raw: step)
            var actions: [Action] = []
            var todo = machine.planned(id, shards: 1, at: .zero)
            while !todo.isEmpty {
                if case .lease(let lease) = todo.removeFirst() {
                    let next = machine.arrived(
                        id, node(0, 0), lease: lease.id, from: lease.worker,
                        saying: lease.worker == wrong ? 9 : 7)
                    actions += next
                    todo += next
                }
            }
            if actions.contains(.reduced(id, 0)) { _ = machine.applied(id) }
            return actions
        }
        // They take turns: 0 and 1, 2 and 0, 1 and 2, 0 and 1.
        for number in 0..<3 { _ = step(UInt64(number)) }
        #expect(machine.auditHorizon == 1)
        #expect(step(3, wrong: 0).contains(.corrupt(0, since: 1)))
    }

    @Test(arguments: [0, 0.01, 0.3, 1])
    func theShareIsKept(share: Double) {
        let rule = AuditRule(share: share)
        var chosen = 0
        for step in 0..<1000 {
            for shard in 0..<100 where rule.chooses(shard, of: StepID(raw: UInt64(step))) {
                chosen += 1
            }
        }
        // Four standard deviations of a binomial distribution.
        let deviation = (100_000 * share * (1 - share)).squareRoot()
        #expect(abs(Double(chosen) - 100_000 * share) <= 4 * deviation)
    }
}
