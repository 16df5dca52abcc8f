// SPDX-License-Identifier: Apache-2.0

/// The pixels of one axis, and what is beyond them.
struct Border {
    /// Places are counted in 4096ths of a pixel.
    static let fractionBits = 12
    static let one = 1 << fractionBits

    let mode: DatasetConfiguration.Augmentation.FillMode
    /// Of pixels along the axis.
    let count: Int

    /// The two pixels that `place` lies between, and how far it is from the first to the second, in
    /// 4096ths; nil where there is nothing, which is `constant`'s answer to all that is outside.
    func neighbours(of place: Int) -> (before: Int, after: Int, weight: UInt32)? {
        let last = (count - 1) * Self.one
        var inside = place
        switch mode {
        case .nearest: inside = min(max(place, 0), last)
        case .constant: guard 0...last ~= place else { return nil }
        case .reflect:
            let before = place >> Self.fractionBits
            return (reflected(before), reflected(before + 1), UInt32(place & (Self.one - 1)))
        case .wrap:
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

    /// The pixel that stands for `index` where an image and its mirror image take turns.
    private func reflected(_ index: Int) -> Int {
        let rest = index % (2 * count)
        let turn = rest < 0 ? rest + 2 * count : rest
        return turn < count ? turn : 2 * count - 1 - turn
    }
}
