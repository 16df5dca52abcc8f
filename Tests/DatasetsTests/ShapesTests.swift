// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Testing

@Suite struct ShapesTests {
    @Test func shapesAreTheSameEverywhere() throws {
        let parts = try openDatasets(DatasetConfiguration(format: .shapes))
        let train = try #require(parts[.train]), test = try #require(parts[.test])
        #expect(train.count == 10_000 && test.count == 2_000)
        #expect(train.imageShape == [32, 32, 3])
        #expect(
            train.classNames == [
                "circle", "crescent", "cross", "diamond", "frame", "heart", "ring", "square",
                "star",
                "triangle",
            ])
        #expect((0..<20).map { train.label($0) } == (0..<20).map { Int32($0 % 10) })
        #expect(try train.stored(0) != test.stored(0))
        // A change here changes the bits of every run on shapes.
        #expect(
            train.fingerprint.description
                == "b8565b9291dfadb3642eb3bd70c8a706cf736668175ba64891e054d4281f9678")
        #expect(
            test.fingerprint.description
                == "9706e190b6e4515b278255590417ce36ae7299f1dc09fc2e2dda8f92afda5f64")
    }
}
