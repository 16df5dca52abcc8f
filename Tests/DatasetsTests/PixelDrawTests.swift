// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct PixelDrawTests {
    private typealias Augmentation = DatasetConfiguration.Augmentation

    private func draws(_ augmentation: Augmentation) -> [PixelDraw] {
        (0..<2000).map {
            augmentation.pixelDraw(
                Chance(seed: 5, epoch: 3, position: $0), height: 20, width: 30)
        }
    }

    @Test func nothingIsDrawnForWhatIsOff() {
        #expect(draws(Augmentation()).allSatisfy { $0 == PixelDraw() })
    }

    @Test func numbersFillTheirRanges() {
        var augmentation = Augmentation()
        augmentation.channelShiftRange = 30
        augmentation.brightnessRange = 0.5...1.5
        augmentation.contrastRange = 0.8...1.2
        augmentation.saturationRange = 0...2
        augmentation.hueRange = 0.1
        augmentation.grayscale = 0.25
        let draws = draws(augmentation)
        checkUniform(draws.map(\.channelShift), -30...30)
        checkUniform(draws.map(\.brightness), 0.5...1.5)
        checkUniform(draws.map(\.contrast), 0.8...1.2)
        checkUniform(draws.map(\.saturation), 0...2)
        checkUniform(draws.map(\.hue), -0.1...0.1)
        // Five standard deviations of a quarter of 2000.
        #expect(abs(draws.filter(\.isGrey).count - 500) < 97)
    }

    @Test func holesAreSquaresCutOffAtTheEdges() {
        var augmentation = Augmentation()
        augmentation.cutout = 7
        let holes = draws(augmentation).compactMap(\.hole)
        #expect(holes.count == 2000)
        #expect(Set(holes.map(\.rows)).count == 20)
        #expect(Set(holes.map(\.columns)).count == 30)
        #expect(Set(holes.map(\.rows.count)) == [4, 5, 6, 7])
        #expect(holes.allSatisfy { $0.rows.lowerBound >= 0 && $0.rows.upperBound <= 20 })
        #expect(holes.allSatisfy { $0.columns.lowerBound >= 0 && $0.columns.upperBound <= 30 })
    }

    @Test func holeIsFilledAndNothingElse() {
        var pixels = [UInt8](0..<24)
        pixels.withUnsafeMutableBufferPointer {
            cut(.init(rows: 1..<3, columns: 2..<4), outOf: $0, [3, 4, 2], fill: 99)
        }
        let hole: Set = [12, 13, 14, 15, 20, 21, 22, 23]
        #expect(pixels == (0..<24).map { hole.contains($0) ? 99 : UInt8($0) })
    }
}
