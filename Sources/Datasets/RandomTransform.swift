// SPDX-License-Identifier: Apache-2.0
//
// What the layers of a model do to training images before all others: Keras's RandomFlip, RandomRotation,
// RandomZoom, RandomTranslation and RandomContrast.

import Tensors

/// One of them, in pixels of 0 to 255 and in plain numbers: what a layer's `factor` means is done with.
public enum RandomTransform: Sendable, Equatable {
    /// Mirrors, each by the toss of a coin.
    case flip(horizontal: Bool, vertical: Bool)
    /// Degrees.
    case rotation(degrees: ClosedRange<Double>, Sampling)
    /// The part of each axis that is seen: below 1 enlarges. Without a width both axes have one draw.
    case zoom(height: ClosedRange<Double>, width: ClosedRange<Double>?, Sampling)
    /// How far the image moves down and right, in parts of its size.
    case translation(height: ClosedRange<Double>, width: ClosedRange<Double>, Sampling)
    /// Factors of each pixel's distance to the mean of its channel; what comes out is kept in `levels`.
    case contrast(factors: ClosedRange<Double>, levels: ClosedRange<Double>)

    /// How pixels are taken from between and beyond those of an image.
    public struct Sampling: Sendable, Equatable {
        public enum Interpolation: String, CaseIterable, Sendable {
            case bilinear, nearest
        }

        public var fillMode: DatasetConfiguration.Augmentation.FillMode
        public var interpolation: Interpolation
        /// What `constant` has beyond the edges, 0 to 255.
        public var fillValue: Double

        public init(
            fillMode: DatasetConfiguration.Augmentation.FillMode = .reflect,
            interpolation: Interpolation = .bilinear, fillValue: Double = 0
        ) {
            self.fillMode = fillMode
            self.interpolation = interpolation
            self.fillValue = fillValue
        }
    }

    /// nil for what takes pixels from nowhere else, or only mirrors them.
    var sampling: Sampling? {
        switch self {
        case .rotation(_, let sampling), .zoom(_, _, let sampling),
            .translation(_, _, let sampling):
            sampling
        case .flip, .contrast: nil
        }
    }

    /// Where pixels come from, for what moves them; nil for what only changes them.
    ///
    /// - Parameter words: Of chance, for this image and this transform alone.
    func motion(_ words: SIMD4<UInt32>, height: Int, width: Int) -> PlaneMap? {
        func number(_ range: ClosedRange<Double>, _ word: UInt32) -> Double {
            Chance.number(word, in: range)
        }
        var map = PlaneMap()
        switch self {
        case .flip(let horizontal, let vertical):
            if horizontal, words[0] >> 31 == 1 { map.xx = -1 }
            if vertical, words[1] >> 31 == 1 { map.yy = -1 }
        case .rotation(let degrees, _):
            let turn = Direction(degrees: number(degrees, words[0]))
            map = PlaneMap(xx: turn.cosine, xy: -turn.sine, yx: turn.sine, yy: turn.cosine)
        case .zoom(let vertical, let horizontal, _):
            map.yy = number(vertical, words[0])
            map.xx = horizontal.map { number($0, words[1]) } ?? map.yy
        case .translation(let down, let right, _):
            map.y = -number(down, words[0]) * Double(height)
            map.x = -number(right, words[1]) * Double(width)
        case .contrast: return nil
        }
        return map
    }
}
