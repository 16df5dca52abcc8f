// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct FashionMNISTTests {
    @Test func debianPackageIsRead() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let parts = try openDatasets(DatasetConfiguration(format: .fashionMNIST))
        print("fashion-mnist opened in \(clock.now - start)")
        let shapes = clock.now
        _ = try openDatasets(DatasetConfiguration(format: .shapes))
        print("shapes made in \(clock.now - shapes)")
        let order = SampleOrder(seed: 1, epoch: 0, count: 60000)
        let t = clock.now
        var sum = 0
        for i in 0..<60000 { sum &+= order[i] }
        print("order \(clock.now - t) \(sum)")
        #expect(parts[.train]?.count == 60_000)
        #expect(parts[.test]?.count == 10_000)
    }
}
