// SPDX-License-Identifier: Apache-2.0

/// The natural logarithm and its inverse, of our own: the C library's differ between machines. Both are
/// off by about 1 ulp.
package enum Logarithm {
    private static let ofTwo = 0.693_147_180_559_945_3

    /// - Parameter x: Normal and above 0.
    package static func of(_ x: Double) -> Double {
        // x = 2^exponent m, m from 2^-1/2 to 2^1/2.
        let isLarge = x.significand > 1.414_213_562_373_095_1
        let m = isLarge ? x.significand / 2 : x.significand
        let exponent = x.exponent + (isLarge ? 1 : 0)
        // 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.1716: the first missing term is below 2^-56.
        let s = (m - 1) / (m + 1), square = s * s
        var sum = 0.0
        for n in stride(from: 21, through: 1, by: -2) { sum = sum * square + 1 / Double(n) }
        return Double(exponent) * ofTwo + 2 * s * sum
    }

    /// e to the power of x, 0 below -700.
    ///
    /// - Parameter x: At most 700.
    package static func inverse(_ x: Double) -> Double {
        guard x >= -700 else { return 0 }
        // e^x = 2^k e^r, r at most ln 2 / 2 to either side.
        let k = (x / ofTwo).rounded(), r = x - k * ofTwo
        var sum = 1.0
        for n in stride(from: 14, through: 1, by: -1) { sum = 1 + sum * r / Double(n) }
        return sum * Double(sign: .plus, exponent: Int(k), significand: 1)
    }
}
