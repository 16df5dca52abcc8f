// SPDX-License-Identifier: Apache-2.0

/// A piece of an image of any place, size and proportions, to be made as large as the image.
///
/// - Source: Szegedy et al. (2015), "Going Deeper with Convolutions"; drawn as torchvision's
///   `RandomResizedCrop` does.
package struct ResizedCrop: Equatable {
    /// Whole pixels of the image.
    package let rows: Range<Int>
    package let columns: Range<Int>

    package init(rows: Range<Int>, columns: Range<Int>) {
        self.rows = rows
        self.columns = columns
    }

    /// - Parameters:
    ///   - area: The share of the image's area.
    ///   - ratio: Of width to height; its logarithm is drawn evenly.
    init(
        _ chance: Chance, area: ClosedRange<Double>, ratio: ClosedRange<Double>, height: Int,
        width: Int
    ) {
        let whole = Double(height) * Double(width)
        for attempt in 0..<10 {
            let words = chance.crop(attempt)
            let part = Double(words[0]) * 0x1p-32
            let share = area.lowerBound + (area.upperBound - area.lowerBound) * part
            let proportion = Self.between(ratio, words[1])
            let w = Int((whole * share * proportion).squareRoot() + 0.5)
            let h = Int((whole * share / proportion).squareRoot() + 0.5)
            guard 1...width ~= w, 1...height ~= h else { continue }
            let top = Int((UInt64(words[2]) * UInt64(height - h + 1)) >> 32)
            let left = Int((UInt64(words[3]) * UInt64(width - w + 1)) >> 32)
            self.init(rows: top..<top + h, columns: left..<left + w)
            return
        }
        // The largest middle piece whose proportions are allowed.
        let own = Double(width) / Double(height)
        let w = own > ratio.upperBound ? Int(Double(height) * ratio.upperBound + 0.5) : width
        let h = own < ratio.lowerBound ? Int(Double(width) / ratio.lowerBound + 0.5) : height
        let (top, left) = ((height - h) / 2, (width - w) / 2)
        self.init(rows: top..<top + h, columns: left..<left + w)
    }

    /// lower * (upper / lower)^(word / 2^32): a square root for each bit, which is exact everywhere.
    static func between(_ range: ClosedRange<Double>, _ word: UInt32) -> Double {
        var factor = range.upperBound / range.lowerBound, result = range.lowerBound
        for bit in (0..<32).reversed() {
            factor = factor.squareRoot()
            if word >> UInt32(bit) & 1 == 1 { result *= factor }
        }
        return result
    }
}
