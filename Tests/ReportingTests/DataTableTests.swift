// SPDX-License-Identifier: Apache-2.0

import Datasets
import Engines
import Reporting
import Testing

@Suite struct DataTableTests {
    @Test func classesStandInAColumnAndImagesBelow() throws {
        let configuration = DatasetConfiguration(format: .shapes)
        let test = try #require(try openDatasets(configuration)[.test])
        let survey = DatasetSurvey(test, configuration, Engine.best())
        let lines = DataTable.lines(survey, classNames: test.classNames)
        #expect(lines.count == 13)
        #expect(lines[0] == "circle     200" && lines[1] == "crescent   200")
        #expect(lines[10] == "sizes      all 32 x 32 (height x width)")
        #expect(lines[11].hasPrefix("mean       1") && lines[12].hasPrefix("deviation  "))
        for line in lines[11...] { #expect(line.split(separator: " ").count == 4) }
    }
}
