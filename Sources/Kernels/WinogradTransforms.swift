// SPDX-License-Identifier: Apache-2.0
//
// The one-dimensional transforms of Winograd F(4, 3) and their transposes.
//
// Points 0, ±√½, ±√2 and ∞ instead of the usual 0, ±1, ±2, ∞: no coefficient passes 2.5, and the
// error stays at the level of direct float sums.
//
// Source: Lavin and Gray (2015), "Fast Algorithms for Convolutional Neural Networks"; the points:
// Alam et al. (2022), "Winograd Convolution for Deep Neural Networks: Efficient Point Selection".

private let a: Float = 0.707_106_78
private let b: Float = 1.414_213_56

/// Bᵀ: six inputs.
@inline(always)
func inputTransform(_ d: Line<6>) -> Line<6> {
    let e = d[4].plus(-2, times: d[2]), o = d[3].plus(-2, times: d[1])
    let f = d[4].plus(-0.5, times: d[2]), p = d[3].plus(-0.5, times: d[1])
    return [
        (d[0] + d[4]).plus(-2.5, times: d[2]), e.plus(a, times: o), e.plus(-a, times: o),
        f.plus(b, times: p), f.plus(-b, times: p), (d[1] + d[5]).plus(-2.5, times: d[3]),
    ]
}

/// B: the gradient of six inputs.
@inline(always)
func inputAdjoint(_ v: Line<6>) -> Line<6> {
    let s = v[1] + v[2], d = v[1] - v[2], t = v[3] + v[4], e = v[3] - v[4]
    return [
        v[0], v[5].plus(-2 * a, times: d).plus(-0.5 * b, times: e),
        (Vector(-2.5) * v[0]).plus(-2, times: s).plus(-0.5, times: t),
        (Vector(-2.5) * v[5]).plus(a, times: d).plus(b, times: e), v[0] + s + t, v[5],
    ]
}

/// Aᵀ: four outputs from six products.
@inline(always)
func outputTransform(_ m: Line<6>) -> Line<4> {
    let s = m[1] + m[2], d = m[1] - m[2], t = m[3] + m[4], e = m[3] - m[4]
    return [
        m[0] + s + t, (Vector(b) * e).plus(a, times: d), (Vector(2) * t).plus(0.5, times: s),
        m[5].plus(2 * b, times: e).plus(0.5 * a, times: d),
    ]
}

/// A: the gradients of six products from four outputs'.
@inline(always)
func outputAdjoint(_ y: Line<4>) -> Line<6> {
    let e = y[0].plus(0.5, times: y[2]), o = y[1].plus(0.5, times: y[3])
    let f = y[0].plus(2, times: y[2]), p = y[1].plus(2, times: y[3])
    return [
        y[0], e.plus(a, times: o), e.plus(-a, times: o), f.plus(b, times: p),
        f.plus(-b, times: p), y[3],
    ]
}

/// G: three weights.
@inline(always)
func weightTransform(_ g: Line<3>) -> Line<6> {
    let e = g[0].plus(0.5, times: g[2]) * Vector(-2 / 3), o = g[1] * Vector(-2 / 3 * a)
    let f = g[0].plus(2, times: g[2]) * Vector(1 / 6), p = g[1] * Vector(1 / 6 * b)
    return [g[0], e + o, e - o, f + p, f - p, g[2]]
}

/// Gᵀ: the gradient of three weights.
@inline(always)
func weightAdjoint(_ u: Line<6>) -> Line<3> {
    let s = (u[1] + u[2]) * Vector(-2 / 3), d = (u[1] - u[2]) * Vector(-2 / 3 * a)
    let t = (u[3] + u[4]) * Vector(1 / 6), e = (u[3] - u[4]) * Vector(1 / 6 * b)
    return [u[0] + s + t, d + e, u[5].plus(0.5, times: s).plus(2, times: t)]
}

/// A one-dimensional transform of the columns, then of the rows, of a square of vectors; `scratch` holds
/// up to 6x6 of them in between.
@inline(always)
func transformSquare<let I: Int, let O: Int>(
    _ transform: (Line<I>) -> Line<O>, _ scratch: Target, load: (Int, Int) -> Vector,
    store: (Int, Int, Vector) -> Void
) {
    for j in 0..<I {
        let column = transform(Line<I> { load($0, j) })
        for i in 0..<O { (scratch + (i * I + j) * 16).vector = column[i] }
    }
    for i in 0..<O {
        let row = transform(Line<I> { (scratch + (i * I + $0) * 16).vector })
        for j in 0..<O { store(i, j, row[j]) }
    }
}
