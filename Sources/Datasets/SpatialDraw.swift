// SPDX-License-Identifier: Apache-2.0

/// Where the pixels of one image go: what chance made of the spatial options.
package struct SpatialDraw: Equatable {
    /// Degrees.
    package var rotation = 0.0
    /// Pixels that the image moves left and up.
    package var shiftX = 0.0
    package var shiftY = 0.0
    /// Degrees.
    package var shear = 0.0
    /// The part of each axis that is seen.
    package var zoomX = 1.0
    package var zoomY = 1.0
    /// Pixels that the image moves left and up before all else.
    package var cropX = 0
    package var cropY = 0
    /// What is made as large as the image before anything but that, if not all of it.
    package var piece: ResizedCrop?
    package var flipsHorizontally = false
    package var flipsVertically = false

    package init() {}

    /// Whether pixels are not only mirrored.
    package var resamples: Bool {
        var rest = self
        rest.flipsHorizontally = false
        rest.flipsVertically = false
        return rest != SpatialDraw()
    }
}

extension DatasetConfiguration.Augmentation {
    /// Whether there are images that are not only mirrored.
    package var resamples: Bool {
        rotationRange != 0 || widthShiftRange != .whole(0) || heightShiftRange != .whole(0)
            || shearRange != 0 || zoomRange != 1...1 || randomCropPadding != 0
            || randomResizedCrop != nil
    }

    /// - Parameters:
    ///   - height: Of the image, in pixels, like `width`.
    package func spatialDraw(_ chance: Chance, height: Int, width: Int) -> SpatialDraw {
        var draw = SpatialDraw()
        if horizontalFlip { draw.flipsHorizontally = chance.coin(.horizontalFlip) }
        if verticalFlip { draw.flipsVertically = chance.coin(.verticalFlip) }
        guard resamples else { return draw }
        draw.rotation = chance.number(.rotation, within: rotationRange)
        draw.shiftX = widthShiftRange.draw(chance, .widthShift, size: width)
        draw.shiftY = heightShiftRange.draw(chance, .heightShift, size: height)
        draw.shear = chance.number(.shear, within: shearRange)
        draw.zoomX = chance.number(.zoomX, in: zoomRange)
        draw.zoomY = chance.number(.zoomY, in: zoomRange)
        draw.piece = randomResizedCrop.map {
            ResizedCrop(
                chance, area: $0, ratio: randomResizedCropRatio, height: height, width: width)
        }
        draw.cropX = chance.number(.cropX, below: 2 * randomCropPadding + 1) - randomCropPadding
        draw.cropY = chance.number(.cropY, below: 2 * randomCropPadding + 1) - randomCropPadding
        return draw
    }
}

extension DatasetConfiguration.Augmentation.Shift {
    /// A distance in pixels along an axis of `size` of them.
    fileprivate func draw(_ chance: Chance, _ question: Chance.Question, size: Int) -> Double {
        switch self {
        case .real(let bound):
            return chance.number(question, within: bound) * (bound < 1 ? Double(size) : 1)
        case .whole(let bound):
            // Each distance from 0 up, to either side.
            let number = chance.number(question, below: 2 * bound)
            return Double(number % 2 == 0 ? number / 2 : -(number / 2))
        }
    }
}
