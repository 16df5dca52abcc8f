// SPDX-License-Identifier: Apache-2.0

import Datasets
import Digests
import Testing

@Suite struct FashionMNISTTests {
    /// The expected digests are those of the bytes that `gzip -dc FILE | tail -c +17 | sha256sum` (labels:
    /// `+9`) sees in Debian's package.
    @Test func debianPackageIsReadToTheLastByte() throws {
        let start = ContinuousClock.now
        let parts = try openDatasets(DatasetConfiguration(format: .fashionMNIST))
        print("fashion-mnist opened in \(ContinuousClock.now - start)")
        let expected: [(Partition, Int, String, String)] = [
            (
                .train, 60_000,
                "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
                "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"
            ),
            (
                .test, 10_000,
                "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
                "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"
            ),
        ]
        for (part, count, pixels, labels) in expected {
            let dataset = try #require(parts[part])
            #expect(dataset.summary == "Found \(count) images belonging to 10 classes.")
            #expect(dataset.classNames[9] == "Ankle boot")
            var hash = SHA256()
            for i in 0..<count { try dataset.stored(i).withUnsafeBytes { hash.update($0) } }
            #expect(hash.finalize().description == pixels)
            let bytes = (0..<count).map { UInt8(dataset.label($0)) }
            #expect(bytes.withUnsafeBytes(sha256).description == labels)
        }
    }
}
