// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Where each pixel of an image comes from: x' = xx x + xy y + x0, y' = yx x + yy y + y0.
///
/// The numbers are multiples of 2^-32, so the places of an image's pixels are exact sums: the same
/// everywhere, in whatever order they are computed.
package struct AffineMap: Equatable {
    static let fractionBits = 32

    package let xx: Int64
    package let xy: Int64
    package let x0: Int64
    package let yx: Int64
    package let yy: Int64
    package let y0: Int64

    /// Rotation, shift, shear and zoom, multiplied in this order, about the centre of the image, then
    /// the mirrors: what Keras's `apply_affine_transform` does. A piece is made as large as the image
    /// beforehand, and before that the crop moves it.
    ///
    /// Keras takes the height of an image for its width, and a shift of the height for one of the width.
    /// On square images that only exchanges the two shifts; on others it turns them about a place beside
    /// the centre. Here the names mean what they say.
    package init(_ draw: SpatialDraw, height: Int, width: Int) {
        let turn = Direction(degrees: draw.rotation), lean = Direction(degrees: draw.shear)
        let zoomX = draw.flipsHorizontally ? -draw.zoomX : draw.zoomX
        let zoomY = draw.flipsVertically ? -draw.zoomY : draw.zoomY
        // | cos -sin |   | 1 -sin |   | zx  0 |
        // | sin  cos | x | 0  cos | x |  0 zy |
        let xx = turn.cosine * zoomX
        let xy = -(turn.cosine * lean.sine + turn.sine * lean.cosine) * zoomY
        let yx = turn.sine * zoomX
        let yy = (turn.cosine * lean.cosine - turn.sine * lean.sine) * zoomY
        let shiftX = turn.cosine * draw.shiftX - turn.sine * draw.shiftY
        let shiftY = turn.sine * draw.shiftX + turn.cosine * draw.shiftY
        let centreX = Double(width - 1) / 2, centreY = Double(height - 1) / 2
        let crop = (x: Double(draw.cropX), y: Double(draw.cropY))
        let early = draw.piece == nil ? crop : (x: 0, y: 0)
        let x = early.x + shiftX + centreX - (xx * centreX + xy * centreY)
        let y = early.y + shiftY + centreY - (yx * centreX + yy * centreY)
        guard let piece = draw.piece else {
            self.init(xx, xy, x, yx, yy, y)
            return
        }
        // Pixel p of the piece made large is at (p + 1/2) part - 1/2 + its first one.
        let partX = Double(piece.columns.count) / Double(width)
        let partY = Double(piece.rows.count) / Double(height)
        self.init(
            partX * xx, partX * xy,
            crop.x + (x + 0.5) * partX - 0.5 + Double(piece.columns.lowerBound),
            partY * yx, partY * yy,
            crop.y + (y + 0.5) * partY - 0.5 + Double(piece.rows.lowerBound))
    }

    /// About the centre of the image. What is further away than any image is large is as far as that.
    package init(_ map: PlaneMap, height: Int, width: Int) {
        let centreX = Double(width - 1) / 2, centreY = Double(height - 1) / 2
        func near(_ x: Double) -> Double { min(max(x, -0x1p30), 0x1p30) }
        self.init(
            near(map.xx), near(map.xy),
            near(map.x + centreX - (map.xx * centreX + map.xy * centreY)),
            near(map.yx), near(map.yy),
            near(map.y + centreY - (map.yx * centreX + map.yy * centreY)))
    }

    private init(
        _ xx: Double, _ xy: Double, _ x0: Double, _ yx: Double, _ yy: Double, _ y0: Double
    ) {
        (self.xx, self.xy, self.x0) = (Self.fixed(xx), Self.fixed(xy), Self.fixed(x0))
        (self.yx, self.yy, self.y0) = (Self.fixed(yx), Self.fixed(yy), Self.fixed(y0))
    }

    /// The nearest multiple of 2^-32, as a number of them.
    private static func fixed(_ x: Double) -> Int64 {
        Int64(x * 0x1p32 + (x < 0 ? -0.5 : 0.5))
    }
}
