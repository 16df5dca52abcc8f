// SPDX-License-Identifier: Apache-2.0
//
// What Keras whitens images by; `Goldens/make_whitening_goldens.py` says how.

import Datasets
import Digests
import Engines
import Foundation
import Tensors
import Testing

@Suite struct WhiteningTests {
    /// The first images of a set.
    private struct First: Dataset {
        let all: any Dataset
        let count: Int
        var classNames: [String] { all.classNames }
        var imageShape: Shape { all.imageShape }
        var encoding: SampleEncoding { all.encoding }
        var fingerprint: Digest { all.fingerprint }
        func label(_ index: Int) -> Int32 { all.label(index) }
        func name(_ index: Int) -> String { all.name(index) }
        func storedBytes(_ index: Int) throws(DatasetError) -> Int { try all.storedBytes(index) }
        func read(
            _ index: Int, into bytes: UnsafeMutableRawBufferPointer
        ) throws(DatasetError) { try all.read(index, into: bytes) }
    }

    private static let configuration = DatasetConfiguration(
        format: .npy, path: "\(GoldenImage.folder)/whitening.npz", validation: .disabled)

    private static func fit(_ count: Int, _ epsilon: Double) throws -> Whitening {
        let all = try #require(try openDatasets(configuration)[.train])
        let images = First(all: all, count: count)
        let mean = try ChannelStatistics(of: images, configuration, Engine.best()).mean
        return try Whitening(
            of: images, configuration, mean: mean, epsilon: epsilon, kernels: Engine.best())
    }

    /// The squares of singular values are known to 2^-53 of the largest: the smallest of these is a
    /// hundredth of that in its root, so its factor to about 1e-12. What is left is the rounding to single
    /// precision.
    @Test func theMatrixIsKerass() throws {
        let lines = String(
            decoding: try contents("\(GoldenImage.folder)/whitening.txt"), as: UTF8.self
        ).split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.count == 3)
        for words in lines {
            let expected = words[2...].map { Double($0)! }
            let found = try Self.fit(Int(words[0])!, Double(words[1])!).matrix
            #expect(found.count == expected.count)
            let largest = try #require(expected.map(abs).max())
            let worst = zip(found, expected).map { abs(Double($0) - $1) }.max()
            #expect(try #require(worst) <= largest * 0x1p-23, "\(words[0]) \(words[1])")
        }
    }

    /// What the matrix makes of the images that it was found from is uncorrelated, with deviation 1.
    @Test func whitenedImagesAreUncorrelated() throws {
        let whitening = try Self.fit(60, 1e-6)
        let all = try #require(try openDatasets(Self.configuration)[.train])
        let mean = try ChannelStatistics(of: all, Self.configuration, Engine.best()).mean
        let n = whitening.count
        var moments = [Double](repeating: 0, count: n * n)
        for index in 0..<all.count {
            let image = try all.stored(index).enumerated().map { Double($1) - mean[$0 % 3] }
            let white = (0..<n).map { column in
                (0..<n).reduce(0) { $0 + image[$1] * Double(whitening.matrix[$1 * n + column]) }
            }
            for i in 0..<n { for j in 0..<n { moments[i * n + j] += white[i] * white[j] } }
        }
        for i in 0..<n {
            for j in 0..<n {
                let moment = moments[i * n + j] / Double(all.count)
                #expect(abs(moment - (i == j ? 1 : 0)) < 1e-4)
            }
        }
    }

    @Test func aMatrixFoundAgainIsTheSame() throws {
        #expect(try Self.fit(60, 1e-6).digest == Self.fit(60, 1e-6).digest)
        #expect(try Self.fit(60, 1e-6).digest != Self.fit(60, 1e-5).digest)
    }

    @Test func largeImagesAreRefused() {
        #expect(throws: Never.self) { try Whitening.check([32, 32, 3]) }
        #expect(
            datasetError { try Whitening.check([64, 64, 3]) }?.detail
                == "zca_whitening takes images of at most 4096 numbers, (64, 64, 3) has 12288; use a"
                + " smaller target_size, or leave it out")
    }
}
