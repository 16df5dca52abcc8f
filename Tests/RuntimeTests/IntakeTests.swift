// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct IntakeTests {
    private static let most = Intake.allowance

    @Test func bytesThatBringMessagesMayBeAnyNumber() {
        var intake = Intake()
        for number in 1...100 {
            intake.took()
            let isEndless = intake.isEndless(received: number * Self.most)
            #expect(!isEndless)
        }
    }

    @Test func bytesWithoutAMessageAreBounded() {
        var intake = Intake()
        let judged = [1000, 1000 + Self.most, 1001 + Self.most].map {
            intake.isEndless(received: $0)
        }
        #expect(judged == [false, false, true])
        intake.took()
        let isEndless = intake.isEndless(received: 1001 + Self.most)
        #expect(!isEndless)
    }
}
