// SPDX-License-Identifier: Apache-2.0

import Datasets
import Foundation
import Tensors
import Testing

@Suite struct SpatialDrawTests {
    private typealias Augmentation = DatasetConfiguration.Augmentation

    private func draws(_ augmentation: Augmentation) -> [SpatialDraw] {
        (0..<2000).map {
            augmentation.spatialDraw(
                Chance(seed: 5, epoch: 3, position: $0), height: 20, width: 30)
        }
    }

    @Test func nothingIsDrawnForWhatIsOff() {
        #expect(draws(Augmentation()).allSatisfy { $0 == SpatialDraw() })
    }

    @Test func numbersFillTheirRanges() {
        var augmentation = Augmentation()
        augmentation.rotationRange = 40
        augmentation.shearRange = 10
        augmentation.zoomRange = 0.5...1.2
        augmentation.widthShiftRange = .real(0.1)
        augmentation.heightShiftRange = .real(2.5)
        let draws = draws(augmentation)
        checkUniform(draws.map(\.rotation), -40...40)
        checkUniform(draws.map(\.shear), -10...10)
        checkUniform(draws.map(\.zoomX), 0.5...1.2)
        checkUniform(draws.map(\.zoomY), 0.5...1.2)
        checkUniform(draws.map(\.shiftX), -3...3)  // a tenth of 30 pixels
        checkUniform(draws.map(\.shiftY), -2.5...2.5)  // 1 or more: pixels
        #expect(draws.allSatisfy { $0.zoomX != $0.zoomY })
    }

    @Test func wholeShiftsAreThoseOfKeras() {
        var augmentation = Augmentation()
        augmentation.widthShiftRange = .whole(3)
        let counts = draws(augmentation).reduce(into: [:]) { $0[$1.shiftX, default: 0] += 1 }
        #expect(counts.keys.sorted() == [-2, -1, 0, 1, 2])
        // 0 comes with both signs. Five standard deviations of a third of 2000.
        #expect(abs(counts[0, default: 0] - 667) < 106)
        #expect(draws(augmentation).allSatisfy { $0.shiftY == 0 })
    }

    @Test func cropsAreAnywhereInThePadding() {
        var augmentation = Augmentation()
        augmentation.randomCropPadding = 2
        let draws = draws(augmentation)
        for crops in [draws.map(\.cropX), draws.map(\.cropY)] {
            let counts = crops.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            #expect(counts.keys.sorted() == [-2, -1, 0, 1, 2])
            // Five standard deviations of a fifth of 2000.
            #expect(counts.values.allSatisfy { abs($0 - 400) < 90 })
        }
    }

    @Test func oneOptionLeavesTheOthersAsTheyWere() {
        var augmentation = Augmentation(horizontalFlip: true)
        let alone = draws(augmentation)
        augmentation.rotationRange = 40
        augmentation.verticalFlip = true
        let both = draws(augmentation)
        #expect(alone.map(\.flipsHorizontally) == both.map(\.flipsHorizontally))
        let inverted = both.filter(\.flipsVertically).count
        #expect(abs(inverted - 1000) < 112)  // five standard deviations
        let same = both.filter { $0.flipsVertically == $0.flipsHorizontally }.count
        #expect(abs(same - 1000) < 112)
    }

    @Test func directionIsThatOfTheAngle() {
        for tenth in stride(from: -7200, through: 7200, by: 7) {
            let degrees = Double(tenth) / 10, radians = degrees * .pi / 180
            let direction = Direction(degrees: degrees)
            // The reference's own argument is off by up to 4 ulp of 12.
            #expect(abs(direction.sine - sin(radians)) < 4e-15)
            #expect(abs(direction.cosine - cos(radians)) < 4e-15)
        }
        let quarters = [0, 90, 180, 270, 360, -90].map { Direction(degrees: $0) }
        #expect(quarters.map(\.sine) == [0, 1, 0, -1, 0, -1])
        #expect(quarters.map(\.cosine) == [1, 0, -1, 0, 1, 0])
    }

    @Test func mapsOfWholePixelsAreExact() {
        var draw = SpatialDraw()
        draw.flipsHorizontally = true
        draw.rotation = 180
        draw.shiftY = 2
        let map = AffineMap(draw, height: 20, width: 31), one: Int64 = 1 << 32
        #expect([map.xx, map.xy, map.x0] == [one, 0, 0])
        #expect([map.yx, map.yy, map.y0] == [0, -one, 17 * one])
        draw.cropX = -4
        draw.cropY = 3
        let cropped = AffineMap(draw, height: 20, width: 31)
        #expect([cropped.x0, cropped.y0] == [-4 * one, 20 * one])
    }
}

/// Whether 2000 numbers fill a range, and have its mean.
func checkUniform(
    _ numbers: [Double], _ range: ClosedRange<Double>,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let width = range.upperBound - range.lowerBound
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    #expect(numbers.allSatisfy(range.contains), sourceLocation: sourceLocation)
    #expect(numbers.min()! < range.lowerBound + width / 100, sourceLocation: sourceLocation)
    #expect(numbers.max()! > range.upperBound - width / 100, sourceLocation: sourceLocation)
    // Five standard deviations of the mean of 2000: width / sqrt(12 * 2000) each.
    let middle = (range.lowerBound + range.upperBound) / 2
    #expect(abs(mean - middle) < width * 0.033, sourceLocation: sourceLocation)
}
