// SPDX-License-Identifier: Apache-2.0

import Datasets
import Tensors
import Testing

@Suite struct ResizedCropTests {
    private typealias Augmentation = DatasetConfiguration.Augmentation

    private func pieces(
        _ area: ClosedRange<Double>, _ ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3,
        height: Int = 300, width: Int = 400
    ) throws -> [ResizedCrop] {
        var augmentation = Augmentation()
        augmentation.randomResizedCrop = area
        augmentation.randomResizedCropRatio = ratio
        return try (0..<2000).map {
            try #require(
                augmentation.spatialDraw(
                    Chance(seed: 5, epoch: 3, position: $0), height: height, width: width
                ).piece)
        }
    }

    @Test func piecesLieWithinTheImage() throws {
        for piece in try pieces(0.08...1) {
            #expect(!piece.rows.isEmpty && !piece.columns.isEmpty)
            #expect(piece.rows.lowerBound >= 0 && piece.rows.upperBound <= 300)
            #expect(piece.columns.lowerBound >= 0 && piece.columns.upperBound <= 400)
        }
    }

    /// Small ones always fit: their areas and the logarithms of their proportions fill their ranges evenly,
    /// and so do their places.
    @Test func numbersFillTheirRanges() throws {
        let pieces = try pieces(0.05...0.25, 0.5...2)
        let areas = pieces.map { Double($0.rows.count * $0.columns.count) / 120_000 }
        checkEven(areas, 0.05, 0.25)
        let wide = pieces.filter { $0.columns.count > $0.rows.count }.count
        #expect(abs(wide - 1000) < 112)  // five standard deviations
        // From 1/2 to 2 in quarters of equal factors.
        let slim = pieces.filter { Double($0.columns.count) < 0.7071 * Double($0.rows.count) }
        #expect(abs(slim.count - 500) < 97)
        let left = pieces.map { Double($0.columns.lowerBound) / Double(400 - $0.columns.count) }
        let top = pieces.map { Double($0.rows.lowerBound) / Double(300 - $0.rows.count) }
        checkEven(left, 0, 1)
        checkEven(top, 0, 1)
    }

    /// Whole pixels round areas a little.
    private func checkEven(_ numbers: [Double], _ lower: Double, _ upper: Double) {
        let width = upper - lower, mean = numbers.reduce(0, +) / Double(numbers.count)
        #expect(numbers.allSatisfy { (lower - width / 40...upper + width / 40).contains($0) })
        #expect(numbers.min()! < lower + width / 50 && numbers.max()! > upper - width / 50)
        // Five standard deviations of the mean of 2000.
        #expect(abs(mean - (lower + upper) / 2) < width * 0.033)
    }

    /// No piece of all the area has these proportions: the largest middle one is taken.
    @Test func whatNeverFitsIsTheMiddle() throws {
        #expect(
            try pieces(1...1, 1...1).allSatisfy {
                $0 == ResizedCrop(rows: 0..<300, columns: 50..<350)
            })
        #expect(
            try pieces(1...1, 2...2).allSatisfy {
                $0 == ResizedCrop(rows: 50..<250, columns: 0..<400)
            })
    }

    @Test func oneOptionLeavesTheOthersAsTheyWere() {
        var augmentation = Augmentation(horizontalFlip: true)
        augmentation.rotationRange = 30
        func draws() -> [SpatialDraw] {
            (0..<200).map {
                augmentation.spatialDraw(
                    Chance(seed: 1, epoch: 0, position: $0), height: 30, width: 30)
            }
        }
        let before = draws()
        augmentation.randomResizedCrop = 0.2...0.5
        var after = draws()
        #expect(Set(after.map(\.piece?.rows.lowerBound)).count > 3)
        for index in after.indices { after[index].piece = nil }
        #expect(after == before)
    }
}
