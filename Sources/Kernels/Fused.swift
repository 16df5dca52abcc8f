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
    /// - Source: Boldo and Melquiond (2008), "Emulation of a FMA and Correctly Rounded Sums: Proved
    ///   Algorithms Using Rounding to Odd".
    @inline(always)
    func fused(_ c: Vector, _ a: Vector, _ b: Vector) -> Vector {
        Vector(
            lowHalf: fused(c.lowHalf, a.lowHalf, b.lowHalf),
            highHalf: fused(c.highHalf, a.highHalf, b.highHalf))
    }

    @inline(always)
    private func fused(_ c: SIMD8<Float>, _ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
        SIMD8(
            lowHalf: fused(c.lowHalf, a.lowHalf, b.lowHalf),
            highHalf: fused(c.highHalf, a.highHalf, b.highHalf))
    }

    @inline(always)
    private func fused(_ c: SIMD4<Float>, _ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
        SIMD4(
            lowHalf: fused(c.lowHalf, a.lowHalf, b.lowHalf),
            highHalf: fused(c.highHalf, a.highHalf, b.highHalf))
    }

    @inline(always)
    private func fused(_ c: SIMD2<Float>, _ a: SIMD2<Float>, _ b: SIMD2<Float>) -> SIMD2<Float> {
        let addend = SIMD2(Double(c[0]), Double(c[1]))
        let product = SIMD2(Double(a[0]), Double(a[1])) * SIMD2(Double(b[0]), Double(b[1]))
        let sum = product + addend
        let back = sum - product
        let error = (product - (sum - back)) + (addend - back)
        // An infinite sum has a NaN for its error, and counts as exact.
        let one = SIMD2<Int64>(repeating: 1), zero = SIMD2<Double>()
        let lost = SIMD2<Int64>().replacing(with: one, where: (error .< zero) .| (error .> zero))
        let bits = unsafeBitCast(sum, to: SIMD2<Int64>.self)
        let signs = unsafeBitCast(
            unsafeBitCast(error, to: SIMD2<UInt64>.self)
                ^ unsafeBitCast(
                    sum, to: SIMD2<UInt64>.self), to: SIMD2<UInt64>.self)
        let away = unsafeBitCast(signs &>> SIMD2<UInt64>(repeating: 63), to: SIMD2<Int64>.self)
        let odd = unsafeBitCast((bits &- (away & lost)) | lost, to: SIMD2<Double>.self)
        return SIMD2(Float(odd[0]), Float(odd[1]))
    }
#endif
