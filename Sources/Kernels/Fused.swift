// SPDX-License-Identifier: Apache-2.0
//
// A fused multiply-add for machines that have none, equal to the instruction bit for bit.

#if !(FUSED || arch(arm64))
    /// c + a * b, rounded once, lane by lane.
    ///
    /// In double the product of two floats is exact, and the sum with `c` has an error that is itself a
    /// double (TwoSum). Rounding that sum to odd (toward zero, with the last bit set if anything was
    /// lost) keeps what the conversion to float needs to round as if there had been one rounding only.
    ///
    /// A function of its own, so that kernels stay small enough for all else in them to be inlined.
    ///
    /// - Source: Boldo and Melquiond (2008), "Emulation of a FMA and Correctly Rounded Sums: Proved
    ///   Algorithms Using Rounding to Odd".
    @inline(never)
    func fused(_ c: Vector, _ a: Vector, _ b: Vector) -> Vector {
        Vector(
            lowHalf: SIMD8(
                lowHalf: fused(c.lowHalf.lowHalf, a.lowHalf.lowHalf, b.lowHalf.lowHalf),
                highHalf: fused(c.lowHalf.highHalf, a.lowHalf.highHalf, b.lowHalf.highHalf)),
            highHalf: SIMD8(
                lowHalf: fused(c.highHalf.lowHalf, a.highHalf.lowHalf, b.highHalf.lowHalf),
                highHalf: fused(c.highHalf.highHalf, a.highHalf.highHalf, b.highHalf.highHalf)))
    }

    @inline(always)
    private func fused(_ c: SIMD4<Float>, _ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
        typealias Bits = SIMD4<UInt64>
        let addend = doubles(c), product = doubles(a) * doubles(b)
        let sum = product + addend, back = sum - product
        let error = (product - (sum - back)) + (addend - back)
        // An infinite sum has a NaN for its error, and counts as exact.
        let zero = SIMD4<Double>(), one = SIMD4(repeating: Double(bitPattern: 1))
        let lost = unsafeBitCast(
            zero.replacing(with: one, where: (error .< zero) .| (error .> zero)), to: Bits.self)
        let bits = unsafeBitCast(sum, to: Bits.self)
        let signs = unsafeBitCast(error, to: Bits.self) ^ bits
        let beyond = signs &>> Bits(repeating: 63) & lost
        let odd = unsafeBitCast((bits &- beyond) | lost, to: SIMD4<Double>.self)
        return SIMD4(Float(odd[0]), Float(odd[1]), Float(odd[2]), Float(odd[3]))
    }

    @inline(always)
    private func doubles(_ x: SIMD4<Float>) -> SIMD4<Double> {
        SIMD4(Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]))
    }
#endif
