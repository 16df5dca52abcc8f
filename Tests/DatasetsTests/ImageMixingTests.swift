// SPDX-License-Identifier: Apache-2.0

import Datasets
import Engines
import Foundation
import Tensors
import Testing

@Suite struct ImageMixingTests {
    private typealias Augmentation = DatasetConfiguration.Augmentation

    private struct Mixed {
        var pixels: [UInt8]
        var partners: [Int32]
        var shares: [Float]
    }

    /// - Parameter images: `[H, W, C]` of each, one after another.
    private func mix(
        _ images: [[UInt8]], _ shape: Shape, mixup: Double = 0, cutmix: Double = 0,
        seed: UInt64 = 3, epoch: Int = 1, firstPosition: Int = 32
    ) throws -> Mixed {
        var augmentation = Augmentation()
        augmentation.mixup = mixup
        augmentation.cutmix = cutmix
        let mixing = try #require(
            ImageMixing(augmentation, imageShape: shape, kernels: Engine.best()))
        let mixed = mixing.mixed(
            images, at: .init(seed: seed, epoch: epoch, firstPosition: firstPosition))
        return Mixed(
            pixels: Array(mixed.map(\.pixels).joined()), partners: mixed.map { Int32($0.partner) },
            shares: mixed.map(\.share))
    }

    /// Image i has nothing but 15 i.
    private static let levels = (0..<16).map { [UInt8](repeating: UInt8($0 * 15), count: 75) }

    @Test func nothingIsMixedUnlessItIsAskedFor() {
        #expect(
            ImageMixing(Augmentation(), imageShape: [5, 5, 3], kernels: Engine.best()) == nil)
    }

    @Test func mixturesAreSumsOfTwoImages() throws {
        let mixed = try mix(Self.levels, [5, 5, 3], mixup: 1)
        #expect(mixed.partners.sorted() == (0..<16).map(Int32.init))
        for image in 0..<16 {
            let own = 15 * Double(image), other = 15 * Double(mixed.partners[image])
            let share = Double(mixed.shares[image])
            let expected = share * own + (1 - share) * other
            for pixel in mixed.pixels[image * 75..<(image + 1) * 75] {
                #expect(abs(Double(pixel) - expected) <= 0.5)
            }
        }
        #expect(Set(mixed.shares).count == 16)
    }

    @Test func pastedPartsAreAsLargeAsTheSharesSay() throws {
        for first in stride(from: 0, to: 320, by: 16) {
            let mixed = try mix(Self.levels, [5, 5, 3], cutmix: 1, firstPosition: first)
            for image in 0..<16 where mixed.partners[image] != Int32(image) {
                let pixels = Array(mixed.pixels[image * 75..<(image + 1) * 75])
                let own = pixels.count { $0 == UInt8(image * 15) }
                let other = pixels.count { $0 == UInt8(mixed.partners[image] * 15) }
                #expect(own + other == 75 && own % 3 == 0)
                #expect(abs(Double(mixed.shares[image]) - Double(own) / 75) <= 0x1p-17)
                // A rectangle: all rows that have any of it have the same columns.
                let rows = Set(
                    (0..<5).map { y in (0..<5).map { pixels[(y * 5 + $0) * 3] == image * 15 } }
                        .filter { $0.contains(false) })
                #expect(rows.count <= 1)
            }
        }
    }

    @Test func whereBothAreOnEachImageHasOneOfThem() throws {
        var cut = 0, blended = 0
        for first in stride(from: 0, to: 1600, by: 16) {
            let mixed = try mix(Self.levels, [5, 5, 3], mixup: 5, cutmix: 1, firstPosition: first)
            for image in 0..<16 where mixed.partners[image] != Int32(image) {
                let levels = Set(mixed.pixels[image * 75..<(image + 1) * 75])
                if levels.isSubset(of: [UInt8(image * 15), UInt8(mixed.partners[image] * 15)]) {
                    cut += 1
                } else {
                    blended += 1
                }
            }
        }
        // Four standard deviations of about 1500 tosses; a mixture that rounds to one of the two is rare.
        #expect(abs(cut - blended) < 160)
    }

    /// Of the seed, the epoch and the place alone; partners of where the shard begins.
    @Test func mixturesAreFunctionsOfTheirPlace() throws {
        let one = try mix(Self.levels, [5, 5, 3], mixup: 0.2)
        let again = try mix(Self.levels, [5, 5, 3], mixup: 0.2)
        #expect(one.pixels == again.pixels && one.shares == again.shares)
        for other in [
            try mix(Self.levels, [5, 5, 3], mixup: 0.2, seed: 4),
            try mix(Self.levels, [5, 5, 3], mixup: 0.2, epoch: 2),
            try mix(Self.levels, [5, 5, 3], mixup: 0.2, firstPosition: 48),
        ] {
            #expect(one.partners != other.partners && one.shares != other.shares)
        }
        // A short shard, and one of a single image.
        let short = try mix(Array(Self.levels[..<3]), [5, 5, 3], mixup: 0.2)
        #expect(short.shares == Array(one.shares[..<3]) && short.partners.sorted() == [0, 1, 2])
        let single = try mix([Self.levels[7]], [5, 5, 3], mixup: 0.2)
        #expect(single.pixels == Self.levels[7] && single.partners == [0])
    }

    /// The distribution function at some places against what is known of it; five standard deviations of
    /// 20,000 draws.
    @Test(arguments: [0.05, 0.2, 0.5, 0.51, 1, 2, 30])
    func sharesAreThoseOfTheBetaDistribution(alpha: Double) {
        let beta = SymmetricBeta(alpha: alpha), count = 20_000
        var random = (0..<count).map { Philox(seed: 1, purpose: .shapes, UInt32($0)) }
        let draws = random.indices.map { index in
            beta.draw { random[index].words(UInt64($0)) }
        }
        random = []
        #expect(draws.allSatisfy { 0...1 ~= $0 })
        let mean = draws.reduce(0, +) / Double(count)
        let variance = draws.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / Double(count)
        let fourth = draws.reduce(0) { $0 + pow($1 - 0.5, 4) } / Double(count)
        // 1 / (4 (2a + 1)), and 3 / (16 (2a + 1) (2a + 3)).
        let expected = 1 / (4 * (2 * alpha + 1))
        let expectedFourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
        #expect(abs(mean - 0.5) < 5 * (expected / Double(count)).squareRoot())
        let spread = (expectedFourth - expected * expected) / Double(count)
        #expect(abs(variance - expected) < 5 * spread.squareRoot())
        #expect(abs(fourth - expectedFourth) < 5 * expectedFourth * 4 / Double(count).squareRoot())
        let known: [Double: (Double) -> Double] = [
            0.5: { 2 / .pi * asin($0.squareRoot()) }, 1: { $0 }, 2: { $0 * $0 * (3 - 2 * $0) },
        ]
        for x in stride(from: 0.05, to: 1, by: 0.05) {
            guard let share = known[alpha]?(x) else { continue }
            let found = Double(draws.count { $0 <= x }) / Double(count)
            #expect(abs(found - share) < 5 * (share * (1 - share) / Double(count)).squareRoot())
        }
    }
}
