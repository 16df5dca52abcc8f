// SPDX-License-Identifier: Apache-2.0

/// Pixels side by side that are taken from evenly spaced places of an image.
///
/// A place is a whole number of 2^-32 pixels, of which the first twelve bits of the fraction count.
public struct PlaceRun: Sendable {
    /// The place of the first pixel: 0 is the first one of the image.
    public var x: Int64
    public var y: Int64
    /// From each pixel's place to the next one's.
    public var stepX: Int64
    public var stepY: Int64
    public var count: Int
    /// Whether the pixel at or before a place is taken, above and to the left, not a mixture of the four
    /// around it.
    public var snaps: Bool

    public init(
        x: Int64, y: Int64, stepX: Int64, stepY: Int64, count: Int, snaps: Bool = false
    ) {
        (self.x, self.y, self.stepX, self.stepY) = (x, y, stepX, stepY)
        (self.count, self.snaps) = (count, snaps)
    }

    /// Whether each place lies between pixels of an image of this size.
    func isWithin(_ size: (height: Int, width: Int)) -> Bool {
        func isBetween(_ place: Int64, _ pixels: Int) -> Bool {
            0..<Int64(pixels - 1) ~= place &>> 32
        }
        // Steps are even, so what holds for both ends holds between them.
        let last = Int64(count - 1)
        return isBetween(x, size.width) && isBetween(x &+ stepX &* last, size.width)
            && isBetween(y, size.height) && isBetween(y &+ stepY &* last, size.height)
    }
}
