// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Numbers from 0 to 1 with the density of Beta(alpha, alpha): below 1 most are near the ends, at 1 all are
/// equally likely, above 1 most are near the middle.
///
/// - Source: Above alpha = 1/2 Ulrich's polar method, below Jöhnk's; both in Devroye (1986), "Non-Uniform
///   Random Variate Generation", chapter IX.
package struct SymmetricBeta: Sendable, Equatable {
    package let alpha: Double

    package init(alpha: Double) { self.alpha = alpha }

    /// - Parameter words: Words of chance, as many as it takes: those of attempt 0, 1, ...
    package func draw(_ words: (_ attempt: Int) -> SIMD4<UInt32>) -> Double {
        func part(_ word: UInt32) -> Double { (Double(word) + 0.5) * 0x1p-32 }
        if alpha > 0.5 {
            let word = words(0)
            let radius = Logarithm.inverse(
                max(Logarithm.of(part(word[0])) * 2 / (2 * alpha - 1), -701))
            let turn = Direction(degrees: 360 * part(word[1])).cosine
            return min(max((1 + (1 - radius).squareRoot() * turn) / 2, 0), 1)
        }
        var attempt = 0
        while true {
            let word = words(attempt)
            // Powers 1 / alpha of two uniform numbers, x / (x + y) if x + y is at most 1; as logarithms, for
            // they are as small as numbers can be.
            let x = Logarithm.of(part(word[0])) / alpha, y = Logarithm.of(part(word[1])) / alpha
            if Logarithm.inverse(x) + Logarithm.inverse(y) <= 1 {
                let largest = max(x, y)
                let (a, b) = (Logarithm.inverse(x - largest), Logarithm.inverse(y - largest))
                return a / (a + b)
            }
            attempt += 1
        }
    }
}
