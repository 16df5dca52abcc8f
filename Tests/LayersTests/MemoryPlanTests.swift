// SPDX-License-Identifier: Apache-2.0

import Layers
import Testing

@Suite struct MemoryPlanTests {
    /// conv (keeps, rereads its output), in place, conv (rereads its input), pool.
    private let stages = [
        StageNeeds(input: 64, output: 640, kept: 128, rereadsOutput: true),
        StageNeeds(input: 640, output: 640, inPlace: 0),
        StageNeeds(input: 640, output: 320, rereadsInput: true),
        StageNeeds(input: 320, output: 80),
    ]

    @Test func sharedPlanIsSmaller() {
        #expect(MemoryPlan(stages).count < MemoryPlan(stages, sharing: false).count)
    }

    @Test func stageInPlaceKeepsOffAnOutputThatIsReadAgain() {
        let plan = MemoryPlan(stages)
        #expect(!plan.values[1].overlaps(plan.values[2]))
        var rewritable = stages
        rewritable[0] = StageNeeds(input: 64, output: 640, kept: 128)
        #expect(MemoryPlan(rewritable).values[1] == MemoryPlan(rewritable).values[2])
    }

    @Test func gradientsOfAStageInPlaceAreOne() {
        let plan = MemoryPlan(stages)
        #expect(plan.gradients[1] == plan.gradients[2])
    }

    @Test func inputAndOutputOfAStageNeverOverlap() {
        let plan = MemoryPlan(stages)
        for i in [0, 2, 3] {
            #expect(!plan.values[i].overlaps(plan.values[i + 1]))
            #expect(!plan.gradients[i].overlaps(plan.gradients[i + 1]))
        }
    }

    @Test func lossWritesItsGradientOverTheLogitsUnlessTheyAreReadAgain() {
        let plan = MemoryPlan(stages)
        #expect(plan.values[4] == plan.gradients[4])
        let reread = MemoryPlan([StageNeeds(input: 16, output: 16, rereadsOutput: true)])
        #expect(!reread.values[1].overlaps(reread.gradients[1]))
    }

    @Test func nobodyKeepsGradientsBeforeTheFirstTrainedStage() {
        let plan = MemoryPlan(stages, wantsGradient: [false, false, false, true, true])
        #expect(plan.gradients.map(\.isEmpty) == [true, true, true, false, false])
    }

    // MARK: Branches

    /// A residual block: value 1 goes through stages 1 and 2, and is added by stage 3.
    private let residual = [
        StageNeeds(input: 64, output: 640, kept: 64),
        StageNeeds(input: 640, output: 640),
        StageNeeds(input: 640, output: 640),
        StageNeeds(input: 640, output: 640, inPlace: 1, rereadsInput: true),
        StageNeeds(input: 640, output: 64),
    ]
    private let branches = [[0], [1], [2], [3, 1], [4]]

    @Test func branchLivesUntilItIsAdded() {
        let plan = MemoryPlan(residual, inputs: branches)
        #expect(!plan.values[2].overlaps(plan.values[1]))
        #expect(!plan.values[3].overlaps(plan.values[1]))
        #expect(plan.values[4] == plan.values[1])
    }

    @Test func gradientOfABranchBeginsAsThatOfTheSum() {
        let plan = MemoryPlan(residual, inputs: branches)
        #expect(plan.gradients[1] == plan.gradients[4])
        for value in 2...3 { #expect(!plan.gradients[value].overlaps(plan.gradients[1])) }
    }

    @Test func valueThatIsReadAgainIsNotOverwritten() {
        var stages = residual
        stages[1].rereadsInput = true
        #expect(
            !MemoryPlan(stages, inputs: branches).values[4]
                .overlaps(MemoryPlan(stages, inputs: branches).values[1]))
        stages = residual
        stages[0].rereadsOutput = true
        let plan = MemoryPlan(stages, inputs: branches)
        #expect(!plan.values[4].overlaps(plan.values[1]))
    }

    @Test func branchThatIsReadAgainLivesUntilThen() {
        var stages = residual
        stages[3] = StageNeeds(input: 640, output: 640, inPlace: 0)
        let once = MemoryPlan(stages, inputs: branches)
        #expect(once.values[4] == once.values[3])
        stages[3].rereadsInput = true
        stages[3].rereadsOthers = true
        let plan = MemoryPlan(stages, inputs: branches)
        for value in [1, 3] {
            #expect(!plan.values[4].overlaps(plan.values[value]))
            #expect(!plan.gradients[5].overlaps(plan.values[value]))
            #expect(!plan.gradients[4].overlaps(plan.values[value]))
        }
    }

    @Test func evaluationNeedsLessThanTraining() {
        let wants = [Bool](repeating: false, count: 6)
        let evaluation = MemoryPlan(residual, inputs: branches, wantsGradient: wants)
        #expect(evaluation.count < MemoryPlan(residual, inputs: branches).count)
        #expect(evaluation.gradients.map(\.isEmpty) == [true, true, true, true, true, false])
    }
}
