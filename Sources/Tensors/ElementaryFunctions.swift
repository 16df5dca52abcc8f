// SPDX-License-Identifier: Apache-2.0
//
// Functions of one number that reach bits, so that no machine's library of mathematics does: products, sums and
// quotients, rounded one by one, are the same everywhere.

/// Elementary functions in double precision, within 4 units in the last place.
package enum ElementaryFunctions {
    // ln 2 in two parts: the first has zeros at its end, so that a product with a small whole number is exact.
    private static let upperLog2 = 0x1.62e42fee00000p-1
    private static let lowerLog2 = 0x1.a39ef35793c76p-33

    /// e^x: x = k ln 2 + r, and the power series of r. Zero where the result would be below the smallest normal number.
    package static func exp(_ x: Double) -> Double {
        guard x < 710 else { return x.isNaN ? x : .infinity }
        guard x > -708.4 else { return 0 }
        let k = (x / 0x1.62e42fefa39efp-1).rounded()
        let r = (x - k * upperLog2) - k * lowerLog2
        var sum = 1.0
        for n in stride(from: 16.0, through: 1, by: -1) { sum = 1 + sum * r / n }
        // In two steps, for 2^k alone may be beyond what a number holds.
        let half = Int(k) / 2
        return sum * Double(sign: .plus, exponent: half, significand: 1)
            * Double(sign: .plus, exponent: Int(k) - half, significand: 1)
    }

    /// ln x for positive finite x: x = 2^k m with m near 1, and the series of (m - 1) / (m + 1).
    ///
    /// - Returns: -infinity for zero, NaN below.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        var k = Double(x.exponent), m = x.significand
        if m > 0x1.6a09e667f3bcdp0 {
            m /= 2
            k += 1
        }
        let s = (m - 1) / (m + 1), square = s * s
        var sum = 0.0
        for n in stride(from: 25.0, through: 1, by: -2) { sum = 1 / n + sum * square }
        return k * upperLog2 + (2 * s * sum + k * lowerLog2)
    }

    /// x^y for x above zero.
    package static func pow(_ x: Double, _ y: Double) -> Double { exp(y * log(x)) }

    /// cos(pi x), whose argument is reduced exactly.
    package static func cosPi(_ x: Double) -> Double {
        var rest = abs(x).truncatingRemainder(dividingBy: 2)
        if rest > 1 { rest = 2 - rest }
        let sign = rest > 0.5 ? -1.0 : 1
        if rest > 0.5 { rest = 1 - rest }
        // Near a half the sine of what is missing there is the more exact.
        let isSine = rest > 0.25
        let angle = (isSine ? 0.5 - rest : rest) * 0x1.921fb54442d18p1
        let square = angle * angle
        var sum = 1.0
        for n in stride(from: isSine ? 19.0 : 18, through: isSine ? 3 : 2, by: -2) {
            sum = 1 - sum * square / (n * (n - 1))
        }
        return sign * (isSine ? angle * sum : sum)
    }
}
