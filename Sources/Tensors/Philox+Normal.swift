// SPDX-License-Identifier: Apache-2.0

extension Philox {
    /// Four independent numbers of the standard normal distribution, of the words number `index`. At most
    /// 6.8 to either side, and the same on every machine.
    ///
    /// - Source: Box and Muller (1958), "A Note on the Generation of Random Normal Deviates".
    package func normals(_ index: UInt64) -> SIMD4<Double> {
        let words = words(index)
        var numbers = SIMD4<Double>()
        for pair in [0, 2] {
            let part = (Double(words[pair]) + 0.5) * 0x1p-32
            let radius = (-2 * Logarithm.of(part)).squareRoot()
            let turn = Direction(degrees: Double(words[pair + 1]) * (360 * 0x1p-32))
            (numbers[pair], numbers[pair + 1]) = (radius * turn.cosine, radius * turn.sine)
        }
        return numbers
    }
}
