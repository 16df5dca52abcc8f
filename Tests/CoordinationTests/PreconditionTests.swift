// SPDX-License-Identifier: Apache-2.0
//
// What only the caller can get wrong stops the program.

import Coordination
import Testing

@Suite struct PreconditionTests {
    @Test func aThirdOpenStepTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            for step in 0..<3 as Range<UInt64> {
                _ = machine.planned(StepID(raw: step), shards: 1)
            }
        }
    }

    @Test func aStepThatWasPlannedBeforeTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            _ = machine.planned(1, shards: 1)
            _ = machine.planned(1, shards: 1)
        }
    }

    @Test func applyingAChunkThatIsNotReducedTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            _ = machine.planned(0, shards: 1)
            _ = machine.applied(0)
        }
    }

    @Test func applyingAChunkTwiceTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            _ = machine.planned(0, shards: 1, chunks: 2)
            _ = machine.arrived(0, node(0, 0), lease: 0, from: 0)
            _ = machine.applied(0)
            _ = machine.applied(0)
        }
    }

    @Test func aWorkerNumberThatIsUsedAgainTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            _ = machine.lost(0)
            _ = machine.joined(0)
        }
    }

    @Test func anEventOfAWorkerThatNeverJoinedTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            _ = machine.lost(1)
        }
    }

    @Test func timeThatRunsBackwardsTraps() async {
        await #expect(processExitsWith: .failure) {
            var machine = StepMachine.withWorkers(1)
            machine.heard(from: 0, at: .seconds(2))
            machine.heard(from: 0, at: .seconds(1))
        }
    }

    @Test func aTreeWithoutLeavesTraps() async {
        await #expect(processExitsWith: .failure) { _ = ReductionTree(leaves: 0) }
    }
}
