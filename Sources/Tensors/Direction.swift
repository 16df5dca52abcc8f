// SPDX-License-Identifier: Apache-2.0

/// The sine and the cosine of an angle, of our own: the C library's differ between machines.
///
/// Whole quarter turns are exact; what is left of them, at most 45 degrees to either side, goes through
/// Taylor's series, whose first missing terms are below 2^-54. The error is about 1 ulp of 1.
package struct Direction: Equatable {
    package let sine: Double
    package let cosine: Double

    /// - Parameter degrees: Below 10^15 to either side.
    package init(degrees: Double) {
        // Truncated, so the nearest quarter. The product is exact, and so is the difference.
        let quarters = Int64(degrees / 90 + (degrees < 0 ? -0.5 : 0.5))
        let x = (degrees - 90 * Double(quarters)) * (Double.pi / 180)
        let square = x * x
        // 1 - x^2/3! + x^4/5! ..., and 1 - x^2/2! + x^4/4! ..., from their last terms on.
        var sine = -1 / 1_307_674_368_000.0
        sine = 1 / 6_227_020_800.0 + sine * square
        sine = -1 / 39_916_800.0 + sine * square
        sine = 1 / 362_880.0 + sine * square
        sine = -1 / 5040.0 + sine * square
        sine = 1 / 120.0 + sine * square
        sine = -1 / 6.0 + sine * square
        sine = (1 + sine * square) * x
        var cosine = 1 / 20_922_789_888_000.0
        cosine = -1 / 87_178_291_200.0 + cosine * square
        cosine = 1 / 479_001_600.0 + cosine * square
        cosine = -1 / 3_628_800.0 + cosine * square
        cosine = 1 / 40320.0 + cosine * square
        cosine = -1 / 720.0 + cosine * square
        cosine = 1 / 24.0 + cosine * square
        cosine = -1 / 2.0 + cosine * square
        cosine = 1 + cosine * square
        switch quarters & 3 {
        case 0: (self.sine, self.cosine) = (sine, cosine)
        case 1: (self.sine, self.cosine) = (cosine, -sine)
        case 2: (self.sine, self.cosine) = (-sine, -cosine)
        default: (self.sine, self.cosine) = (-cosine, sine)
        }
    }
}
