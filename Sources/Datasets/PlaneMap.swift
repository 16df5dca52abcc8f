// SPDX-License-Identifier: Apache-2.0

/// A place of an image, counted from its centre, to where its pixel comes from: x' = xx x + xy y + x,
/// y' = yx x + yy y + y. Without arguments it is what leaves an image as it is.
package struct PlaneMap: Equatable {
    package var xx = 1.0
    package var xy = 0.0
    package var yx = 0.0
    package var yy = 1.0
    /// Pixels.
    package var x = 0.0
    package var y = 0.0

    package init(
        xx: Double = 1, xy: Double = 0, yx: Double = 0, yy: Double = 1, x: Double = 0, y: Double = 0
    ) {
        (self.xx, self.xy, self.yx, self.yy, self.x, self.y) = (xx, xy, yx, yy, x, y)
    }

    /// This map's image, moved by `next`.
    package func followed(by next: PlaneMap) -> PlaneMap {
        PlaneMap(
            xx: xx * next.xx + xy * next.yx, xy: xx * next.xy + xy * next.yy,
            yx: yx * next.xx + yy * next.yx, yy: yx * next.xy + yy * next.yy,
            x: xx * next.x + xy * next.y + x, y: yx * next.x + yy * next.y + y)
    }

    /// Whether it does no more than to mirror.
    var mirrorsOnly: Bool {
        abs(xx) == 1 && abs(yy) == 1 && xy == 0 && yx == 0 && x == 0 && y == 0
    }
}
