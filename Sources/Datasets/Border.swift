// SPDX-License-Identifier: Apache-2.0

/// The pixels of one axis, and what is beyond them.
package struct Border {
    /// Places are counted in 4096ths of a pixel.
    static let fractionBits = 12
    static let one = 1 << fractionBits

    /// What is beyond the edges. Keras has two readings of some names.
    package enum Mode: Sendable {
        case nearest, reflect
        /// SciPy's constant: nothing is mixed with what is beyond.
        case cut
        /// TensorFlow's constant: the last pixel and the first one beyond are mixed.
        case blended
        /// SciPy's wrap: the first and the last pixel are one place.
        case joined
        /// TensorFlow's wrap: they are neighbours, without a mixture of them. As there, what is more than
        /// one size away is often the nearest pixel instead.
        case tiled
    }

    let mode: Mode
    /// Of pixels along the axis.
    let count: Int
    /// Whether places are rounded to whole pixels, halves up.
    let snaps: Bool

    private var size: Int { count * Self.one }
    private var last: Int { size - Self.one }

    /// Places along an axis that all go to places of the image in the same way: `sign` times the place,
    /// plus `offset`. What comes out lies from -1, a pixel of the constant before the first one, to the last
    /// pixel or, where it is mixed with the constant behind that, before that one.
    struct Fold: Equatable {
        let places: ClosedRange<Int>
        /// 1, -1, or 0 where all go to one place.
        var sign = 1
        let offset: Int
    }

    /// The fold that `place` lies in.
    func fold(at place: Int) -> Fold {
        switch mode {
        case .nearest: return kept(Self.anywhere, movedBy: 0, place)
        case .cut:
            return 0...last ~= place ? Fold(places: 0...last, offset: 0) : constant(place, 0...last)
        case .blended:
            let mixed = -Self.one...(snaps ? last + Self.one / 2 : size) - 1
            return mixed ~= place ? Fold(places: mixed, offset: 0) : constant(place, mixed)
        case .reflect:
            let turn = place >= 0 ? place / (2 * size) : -((2 * size - 1 - place) / (2 * size))
            let start = 2 * size * turn
            if place < start + size {
                return kept(start...start + size - 1, movedBy: -start, place)
            }
            // The mirror image: pixel n is the last one again.
            let back = start + size...start + 2 * size - 1
            if place > back.lowerBound + last {
                return Fold(
                    places: back.lowerBound + last + 1...back.upperBound, sign: 0, offset: 0)
            }
            return Fold(
                places: back.lowerBound...back.lowerBound + last, sign: -1,
                offset: back.lowerBound + last)
        case .joined, .tiled:
            guard last > 0 else { return kept(Self.anywhere, movedBy: 0, place) }
            let period = mode == .joined ? last : size
            if place < 0 {
                let turns = -place / last
                return kept(
                    -(turns + 1) * last + 1...min(-turns * last, -1), movedBy: (turns + 1) * period,
                    place)
            }
            if place > last {
                let turns = place / last
                return kept(
                    max(turns * last, last + 1)...(turns + 1) * last - 1, movedBy: -turns * period,
                    place)
            }
            return Fold(places: 0...last, offset: 0)
        }
    }

    /// Far enough for every place.
    private static let anywhere = -(1 << 48)...1 << 48

    /// The part of `places` around one of them that is moved into the image, or beyond the same end of it,
    /// which goes to the pixel there.
    private func kept(
        _ places: ClosedRange<Int>, movedBy offset: Int, _ place: Int
    ) -> Fold {
        if place + offset < 0 {
            return Fold(
                places: places.lowerBound...min(places.upperBound, -offset - 1), sign: 0, offset: 0)
        }
        if place + offset > last {
            return Fold(
                places: max(places.lowerBound, last - offset + 1)...places.upperBound, sign: 0,
                offset: last)
        }
        return Fold(
            places: max(places.lowerBound, -offset)...min(places.upperBound, last - offset),
            offset: offset)
    }

    /// What lies beside `inside` on the side of `place`.
    private func constant(_ place: Int, _ inside: ClosedRange<Int>) -> Fold {
        let places =
            place < inside.lowerBound
            ? Self.anywhere.lowerBound...inside.lowerBound - 1
            : inside.upperBound + 1...Self.anywhere.upperBound
        return Fold(places: places, sign: 0, offset: -Self.one)
    }
}
