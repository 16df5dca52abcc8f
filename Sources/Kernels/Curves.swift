// SPDX-License-Identifier: Apache-2.0
//
// The functions that activations are made of, and what of them both passes share.

import Tensors

/// 1 / (1 + e^-x), from e^-|x| so that nothing overflows.
@inline(always)
func sigmoid(_ x: Vector) -> Vector {
    let positive = x .> Vector()
    let e = exp(x.replacing(with: Vector() - x, where: positive))
    return e.replacing(with: Vector(1), where: positive) / (Vector(1) + e)
}

/// tanh x with a relative error of at most 4 ulp: (1 - e) / (1 + e), where e = e^-2|x|.
@inline(always)
func tanh(_ x: Vector) -> Vector {
    let isNegative = x .< Vector()
    let e = expMinusOne(Vector(-2) * x.replacing(with: Vector() - x, where: isNegative))
    let height = (Vector() - e) / (Vector(2) + e)
    return height.replacing(with: Vector() - height, where: isNegative)
}

/// ln(1 + e^x) with a relative error of at most 8 ulp.
///
/// max(x, 0) + ln(1 + e), where e = e^-|x|. What is lost of e as 1 + e is rounded is given back by a factor,
/// since ln(1 + t) / t hardly changes between the two.
@inline(always)
func softplus(_ x: Vector) -> Vector {
    let e = exp(x.replacing(with: Vector() - x, where: x .> Vector()))
    let sum = Vector(1) + e, rounded = sum - Vector(1)
    let fraction = (ln(sum) * (e / rounded)).replacing(with: e, where: rounded .== Vector())
    return x.raised(to: Vector()) + fraction
}

/// The normal distribution at x.
///
/// The share below x is erfc(-x / √2) / 2, and erfc(a) = e^(-a²) f(a), where f hardly changes: f(a) (1 + 2a) is
/// a polynomial of degree 10 in (a - 3) / (a + 3) to 7.4e-9 for a up to 14. Beyond 15 it is 0 or 1.
struct Gaussian {
    /// Φ(x), with a relative error of at most 12 ulp, as long as it is a normal number.
    let share: Vector
    /// e^(-x²/2) / √(2π).
    let density: Vector

    @inline(always)
    init(_ x: Vector) {
        let isAbove = x .> Vector()
        let b = x.replacing(with: Vector() - x, where: isAbove).raised(to: Vector(-15))
        // The square has a part that does not fit into its float, as large as an ulp of an exponent.
        let square = b * b, rest = (Vector() - square).plus(b, times: b)
        let power = exp(Vector(-0.5) * square)
        let e = power.plus(power, times: Vector(-0.5) * rest)
        density = Vector(0.398_942_28) * e
        let a = Vector(-0.707_106_77) * b
        let t = (a - Vector(3)) / (a + Vector(3))
        var p = Vector(-2.441_107_537e-4)
        p = Vector(-7.154_804_611e-4).plus(p, times: t)
        p = Vector(2.037_675_391e-3).plus(p, times: t)
        p = Vector(2.540_560_768e-3).plus(p, times: t)
        p = Vector(-2.382_633_199e-2).plus(p, times: t)
        p = Vector(6.829_667_918e-2).plus(p, times: t)
        p = Vector(-1.192_649_321e-1).plus(p, times: t)
        p = Vector(1.296_469_805e-1).plus(p, times: t)
        p = Vector(-4.756_279_394e-2).plus(p, times: t)
        p = Vector(-1.356_211_735e-1).plus(p, times: t)
        p = Vector(1.253_008_063).plus(p, times: t)
        let tail = Vector(0.5) * e * p / (Vector(1) + (a + a))
        share = tail.replacing(with: Vector(1) - tail, where: isAbove)
    }
}

/// 2 √(2/π) (x + 0.044715 x³): a sigmoid of it is near Φ(x).
///
/// - Source: Hendrycks and Gimpel (2016), "Gaussian Error Linear Units".
struct Cubic {
    /// Beyond 20 the sigmoid is 0 or 1, and squares stay finite.
    let bounded: Vector
    let value: Vector, slope: Vector

    @inline(always)
    init(_ x: Vector) {
        bounded = x.raised(to: Vector(-20)).lowered(to: Vector(20))
        let square = bounded * bounded, linear = Vector(1.595_769_1)
        value = bounded * linear.plus(0.071_354_816, times: square)
        slope = linear.plus(0.214_064_45, times: square)
    }
}

extension Rectifier {
    @inline(always)
    func callAsFunction(_ x: Vector) -> Vector {
        let below = Vector().plus(negativeSlope, times: x - Vector(threshold))
        return x.replacing(with: below, where: x .<= Vector(threshold))
            .lowered(to: Vector(ceiling))
    }

    /// Above zero are the outputs of what passed the threshold, and no others.
    @inline(always)
    func backward(_ gradient: Vector, output: Vector) -> Vector {
        let passed = gradient.keeping(output .< Vector(ceiling))
        return (Vector(negativeSlope) * gradient)
            .replacing(with: passed, where: output .> Vector())
    }
}
