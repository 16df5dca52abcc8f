// SPDX-License-Identifier: Apache-2.0

import Datasets
import Testing

@Suite struct PixelDrawTests {
    private typealias Augmentation = DatasetConfiguration.Augmentation

    private func draws(_ augmentation: Augmentation) -> [PixelDraw] {
        (0..<2000).map { augmentation.pixelDraw(Chance(seed: 5, epoch: 3, position: $0)) }
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
}
