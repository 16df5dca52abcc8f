// SPDX-License-Identifier: Apache-2.0

import Jobs
import Testing

@Suite struct WarningTests {
    private func warnings(_ preprocessing: String, _ first: String) throws -> [String] {
        try Job.parse(
            yaml: """
                dataset: {format: shapes, preprocessing: {\(preprocessing)}}
                model: [\(first), Flatten, Dense: {units: 10}]
                training: {optimizer: adam}
                """, file: "job.yaml"
        ).warnings
    }

    @Test(arguments: [
        "featurewise_std_normalization", "samplewise_std_normalization", "zca_whitening",
    ])
    func imagesThatAreScaledTwiceAreTold(option: String) throws {
        #expect(
            try warnings("\(option): true", "Rescaling: {scale: 1/255}") == [
                "dataset.preprocessing.\(option) has brought images to a deviation of 1 when they reach "
                    + "the model, which begins with Rescaling and so scales them twice; take the "
                    + "Rescaling out of the model"
            ])
        #expect(try warnings("\(option): true", "ReLU") == [])
        #expect(try warnings("\(option): true", "Rescaling: {scale: 1, offset: 2}") == [])
    }

    @Test func whatIsOnlyCentredMayBeScaled() throws {
        #expect(try warnings("featurewise_center: true", "Rescaling: {scale: 1/255}") == [])
        #expect(try warnings("", "Rescaling: {scale: 1/255}") == [])
    }
}
