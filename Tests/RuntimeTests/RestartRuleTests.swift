// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct RestartRuleTests {
    @Test func whoKeepsDyingIsGivenUpAfterPausesThatGrow() {
        var rule = RestartRule(limit: 4)
        let pauses = (0..<5).map { _ in rule.died(after: .seconds(1)) }
        #expect(pauses == [.zero, .milliseconds(500), .seconds(1), .seconds(2), nil])
    }

    @Test func whoHasLivedForLongStartsWithACleanRecord() {
        var rule = RestartRule(limit: 1)
        for _ in 0..<10 { #expect(rule.died(after: RestartRule.steady) == .zero) }
        #expect(rule.died(after: .seconds(1)) == nil)
    }

    @Test func whoMayNotDieAtAllIsGivenUpAtOnce() {
        var rule = RestartRule(limit: 0)
        #expect(rule.died(after: .seconds(1)) == nil)
    }
}
