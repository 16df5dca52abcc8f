// SPDX-License-Identifier: Apache-2.0

import Reporting
import Testing

@Suite struct ConfusionTableTests {
    @Test func rowsAreTheTrueClasses() {
        let lines = ConfusionTable.lines([[1234, 5], [0, 6]], ["bag", "shoe"])
        #expect(
            lines == [
                "true \\ predicted    bag  shoe",
                "bag               1,234     5",
                "shoe                  0     6",
            ])
        #expect(ConfusionTable.lines([], ["bag", "shoe"]) == [])
    }

    @Test func longNamesHaveNumbers() {
        let lines = ConfusionTable.lines(
            [[1, 2, 0], [3, 4, 0], [0, 0, 0]], ["a bag of many colours", "a\u{1b}shoe"])
        #expect(
            lines == [
                "true \\ predicted         0  1  2",
                "0 a bag of many colours  1  2  0",
                "1 a shoe                 3  4  0",
                "2 2                      0  0  0",
            ])
    }
}
