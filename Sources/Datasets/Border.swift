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

    /// The two pixels that `place` lies between, and how far it is from the first to the second, in
    /// 4096ths. What is `outside` is no pixel: there is the constant.
    func neighbours(of place: Int) -> (before: Int, after: Int, weight: UInt32) {
        let last = (count - 1) * Self.one
        var inside = place
        switch mode {
        case .nearest: inside = min(max(place, 0), last)
        case .cut: guard 0...last ~= place else { return (Self.outside, Self.outside, 0) }
        case .blended:
            let before = place >> Self.fractionBits
            return (existing(before), existing(before + 1), UInt32(place & (Self.one - 1)))
        case .reflect:
            let before = place >> Self.fractionBits
            return (reflected(before), reflected(before + 1), UInt32(place & (Self.one - 1)))
        case .tiled:
            let size = count * Self.one
            if last == 0 {
                inside = 0
            } else if place < 0 {
                inside += size * (-place / last + 1)
            } else if place > last {
                inside -= size * (place / last)
            }
            inside = min(max(inside, 0), last)
        case .joined:
            if last == 0 {
                inside = 0
            } else if place < 0 {
                inside += last * (-place / last + 1)
            } else if place > last {
                inside -= last * (place / last)
            }
        }
        let before = inside >> Self.fractionBits
        return (before, min(before + 1, count - 1), UInt32(inside & (Self.one - 1)))
    }

    /// No pixel.
    static let outside = -1

    private func existing(_ index: Int) -> Int {
        0..<count ~= index ? index : Self.outside
    }

    /// The pixel that stands for `index` where an image and its mirror image take turns.
    private func reflected(_ index: Int) -> Int {
        let rest = index % (2 * count)
        let turn = rest < 0 ? rest + 2 * count : rest
        return turn < count ? turn : 2 * count - 1 - turn
    }
}
