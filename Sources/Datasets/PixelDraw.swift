// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What becomes of the colours of one image: what chance made of the pixel options.
package struct PixelDraw: Equatable {
    /// Grey levels, added to all channels.
    package var channelShift = 0.0
    /// Factors; 1 changes nothing.
    package var brightness = 1.0
    package var contrast = 1.0
    package var saturation = 1.0
    /// Turns of the colour circle.
    package var hue = 0.0
    package var isGrey = false
    /// The standard deviation of a Gaussian, in pixels.
    package var blur = 0.0
    /// What is cut out, if anything is.
    package var hole: Hole?

    /// A rectangle of an image.
    package struct Hole: Equatable {
        package let rows: Range<Int>
        package let columns: Range<Int>

        package init(rows: Range<Int>, columns: Range<Int>) {
            self.rows = rows
            self.columns = columns
        }
    }

    package init() {}
}

extension DatasetConfiguration.Augmentation {
    /// - Parameters:
    ///   - height: Of the image, in pixels, like `width`.
    package func pixelDraw(_ chance: Chance, height: Int, width: Int) -> PixelDraw {
        var draw = PixelDraw()
        draw.channelShift = chance.number(.channelShift, within: channelShiftRange)
        draw.brightness = chance.number(.brightness, in: brightnessRange)
        draw.contrast = chance.number(.contrast, in: contrastRange)
        draw.saturation = chance.number(.saturation, in: saturationRange)
        draw.hue = chance.number(.hue, within: hueRange)
        draw.isGrey = chance.number(.grayscale, in: 0...1) < grayscale
        draw.blur = chance.number(.blur, in: gaussianBlur)
        if cutout > 0 {
            let y = chance.number(.cutoutY, below: height)
            let x = chance.number(.cutoutX, below: width)
            draw.hole = .init(
                rows: side(around: y, of: height), columns: side(around: x, of: width))
        }
        return draw
    }

    /// One side of the square that is cut out, as far as it lies in the image.
    private func side(around centre: Int, of size: Int) -> Range<Int> {
        let first = centre - cutout / 2
        return max(first, 0)..<min(first + cutout, size)
    }
}

extension PixelDraw {
    /// Changes the levels and colours of an image as drawn, in place.
    ///
    /// - Parameter pixels: uint8 `[H, W, C]`
    func recolour(_ pixels: MutableBytes, channels: Int, _ kernels: KernelSet) {
        // All of these change the pixels of the buffer and nothing else.
        if channelShift != 0 || brightness != 1 {
            unsafe shiftLevels(
                pixels, by: channelShift, brightness: brightness, kernels)
        }
        if contrast != 1 {
            unsafe changeContrast(pixels, channels: channels, by: contrast, kernels)
        }
        guard channels == 3 else { return }
        // Whole pixels of three colours.
        if saturation != 1 { unsafe changeSaturation(pixels, by: saturation, kernels) }
        if hue != 0 { unsafe turnHue(pixels, by: hue, kernels) }
        if isGrey { unsafe removeColour(pixels, kernels) }
    }
}
