// SPDX-License-Identifier: Apache-2.0

import Jobs
import Testing

@Suite struct FaultPlanTests {
    @Test func aPlanIsAListOfFaults() throws {
        let plan = try FaultPlan.parse(
            yaml: """
                - {step: 12, worker: worker-1, action: kill}
                - {step: 20, phase: send, worker: worker-2, action: stop, seconds: 1.5}
                - {step: 30, worker: coordinator, action: leave}
                """, file: "plan.yaml")
        #expect(plan.faults.map(\.step) == [12, 20, 30])
        #expect(plan.faults.map(\.phase) == [.compute, .send, .commit])
        #expect(plan.faults.map(\.action) == [.kill, .stop, .leave])
        #expect(plan.faults.map(\.seconds) == [0, 1.5, 0])
        #expect(try FaultPlan.parse(yaml: "[]", file: "plan.yaml").faults.isEmpty)
    }

    @Test(arguments: [
        ("step: 1", "expected a list of faults"),
        ("- {step: 0, worker: w, action: kill}", "[0].step"),
        ("- {step: 1, worker: w, action: stop}", "[0].seconds"),
        ("- {step: 1, worker: w, action: kil}", "did you mean 'kill'?"),
        ("- {step: 1, worker: w, action: kill, phase: commit}", "the coordinator, and nobody else"),
        ("- {step: 1, worker: coordinator, action: kill, phase: send}", "the phase commit"),
        ("- {step: 1, worker: coordinator, action: corrupt}", "only kill, stop or leave"),
        ("- {step: 1, worker: w, action: corrupt, phase: send}", "in the phase compute"),
        ("- {step: 1, worker: w, action: kill, when: now}", "when"),
    ])
    func whatCannotBeIsNamed(yaml: String, sentence: String) {
        let error = #expect(throws: JobError.self) {
            _ = try FaultPlan.parse(yaml: yaml, file: "plan.yaml")
        }
        #expect(error?.description.hasPrefix("plan.yaml:1: ") == true, "\(error as Any)")
        #expect(error?.description.contains(sentence) == true, "\(error as Any)")
    }
}
