// SPDX-License-Identifier: Apache-2.0
//
// e^x and ln x, of our own: the C library's differ between machines.

/// e^x with a relative error of about 1 ulp; 0 below the normal numbers, infinity above the largest.
///
/// x = z ln 2 + r with z whole, a polynomial in r, and z put into the exponent in two halves, since
/// 2^z alone may overflow where the result does not.
///
/// - Source: Moshier's Cephes library, `expf`: the polynomial.
@inline(always)
func exp(_ x: Vector) -> Vector {
    let low = Vector(-104), high = Vector(89)
    let power = Power(x.raised(to: low).replacing(with: high, where: x .> high))
    let mantissa = (power.r + Vector(1)).plus(power.p, times: power.r * power.r)
    let half = (power.z * Vector(0.5)).nearestWhole
    return mantissa * half.powerOfTwo * (power.z - half).powerOfTwo
}

/// e^x - 1 for x up to zero, with a relative error of about 1 ulp.
///
/// 2^z (e^r - 1) + (2^z - 1), where nothing cancels: for z = 0 the second term is none.
@inline(always)
func expMinusOne(_ x: Vector) -> Vector {
    // From -25 on, -1 is the nearest.
    let power = Power(x.raised(to: Vector(-25))), scale = power.z.powerOfTwo
    return (scale - Vector(1)).plus(scale, times: power.r.plus(power.p, times: power.r * power.r))
}

/// e^x as 2^z (1 + r + r^2 p).
private struct Power {
    let z: Vector, r: Vector, p: Vector

    @inline(always)
    init(_ x: Vector) {
        z = Vector().plus(1.442_695_04, times: x).nearestWhole
        r = x.plus(-0.693_359_375, times: z).plus(2.121_944_40e-4, times: z)
        var p = Vector(1.987_569_150_0e-4)
        p = Vector(1.398_199_950_7e-3).plus(p, times: r)
        p = Vector(8.333_451_907_3e-3).plus(p, times: r)
        p = Vector(4.166_579_589_4e-2).plus(p, times: r)
        p = Vector(1.666_666_545_9e-1).plus(p, times: r)
        self.p = Vector(5.000_000_120_1e-1).plus(p, times: r)
    }
}

/// ln x with a relative error of about 1 ulp; NaN below zero, -infinity at zero. Subnormal numbers
/// count as zero.
///
/// x = 2^e m with m in [√½, √2), a polynomial in m - 1.
///
/// - Source: Moshier's Cephes library, `logf`: the polynomial.
@inline(always)
func ln(_ x: Vector) -> Vector {
    let bits = unsafeBitCast(x, to: Integers.self)
    let fraction = (bits & Integers(repeating: 0x007F_FFFF)) | Integers(repeating: 0x3F00_0000)
    var m = unsafeBitCast(fraction, to: Vector.self)
    var e = ((bits &>> Integers(repeating: 23)) &- Integers(repeating: 126)).floats
    let small = m .< Vector(0.707_106_781)
    e -= Vector(1).keeping(small)
    m += m.keeping(small)
    let f = m - Vector(1), square = f * f
    var p = Vector(7.037_683_629_2e-2)
    p = Vector(-1.151_461_031_0e-1).plus(p, times: f)
    p = Vector(1.167_699_874_0e-1).plus(p, times: f)
    p = Vector(-1.242_014_084_6e-1).plus(p, times: f)
    p = Vector(1.424_932_278_7e-1).plus(p, times: f)
    p = Vector(-1.666_805_766_5e-1).plus(p, times: f)
    p = Vector(2.000_071_476_5e-1).plus(p, times: f)
    p = Vector(-2.499_999_399_3e-1).plus(p, times: f)
    p = Vector(3.333_333_117_4e-1).plus(p, times: f)
    p = (p * f * square).plus(-2.121_944_40e-4, times: e).plus(-0.5, times: square)
    var y = (f + p).plus(0.693_359_375, times: e)
    y.replace(with: x, where: x .>= Vector(.infinity))
    y.replace(with: Vector(-.infinity), where: x .< Vector(.leastNormalMagnitude))
    // Negative numbers and NaN are the ones that do not compare as at least zero.
    return y.replacing(with: Vector(.nan), where: .!(x .>= Vector()))
}

extension SIMD16<Float> {
    /// The nearest whole number, for lanes below 2^22: adding 1.5 * 2^23 leaves no room for a fraction.
    @inline(always) fileprivate var nearestWhole: Vector {
        (self + Vector(0x1.8p23)) - Vector(0x1.8p23)
    }
    /// 2 to the power of each lane, a whole number from -126 to 127.
    @inline(always) fileprivate var powerOfTwo: Vector {
        let whole = unsafeBitCast(self + Vector(0x1.8p23), to: Integers.self)
        return unsafeBitCast(
            (whole &+ Integers(repeating: 127)) &<< Integers(repeating: 23), to: Vector.self)
    }
}

extension SIMD16<Int32> {
    /// As floats, for lanes below 2^22 in magnitude.
    @inline(always) var floats: Vector {
        let magic = Vector(0x1.8p23)
        return unsafeBitCast(self &+ unsafeBitCast(magic, to: Integers.self), to: Vector.self)
            - magic
    }
}
