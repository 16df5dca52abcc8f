// SPDX-License-Identifier: Apache-2.0
//
// Activations that are layers of their own, in place.

import Tensors

enum Activation {
    @inline(never)
    static func forward(_ activation: ElementActivation, _ rows: Rows, _ values: Target) {
        switch activation {
        case .relu: map(rows, values) { $0.raised(to: Vector()) }
        case .sigmoid: map(rows, values) { sigmoid($0) }
        case .softmax:
            for r in 0..<rows.count {
                let row = values + r * rows.stored
                let (_, sum) = exponentials(of: row, stored: rows.stored, live: rows.live)
                for q in stride(from: 0, to: rows.stored, by: 16) {
                    (row + q).vector = (row + q).vector / Vector(sum)
                }
            }
        }
    }

    @inline(never)
    static func backward(
        _ activation: ElementActivation, _ rows: Rows, _ output: Source, _ gradient: Target
    ) {
        switch activation {
        case .relu:
            map(rows, gradient, output) { $0.keeping($1 .> Vector()) }
        case .sigmoid:
            map(rows, gradient, output) { $0 * ($1 * (Vector(1) - $1)) }
        case .softmax:
            for r in 0..<rows.count {
                let s = output + r * rows.stored, g = gradient + r * rows.stored
                var sum = Vector()
                for q in stride(from: 0, to: rows.stored, by: 16) {
                    sum = sum.plus((g + q).vector, times: (s + q).vector)
                }
                let mean = Vector(sum.total)
                for q in stride(from: 0, to: rows.stored, by: 16) {
                    (g + q).vector = (s + q).vector * ((g + q).vector - mean)
                }
            }
        }
    }

    @inline(never)
    static func affine(_ scale: Float, _ offset: Float, _ rows: Rows, _ values: Target) {
        map(rows, values) { Vector(offset).plus(scale, times: $0) }
    }

    /// Replaces the live channels by a function of themselves, the others by zero.
    @inline(always)
    private static func map(_ rows: Rows, _ values: Target, _ function: (Vector) -> Vector) {
        for q in stride(from: 0, to: rows.stored, by: 16) {
            let live = channels(from: q, below: rows.live)
            for r in 0..<rows.count {
                let at = values + r * rows.stored + q
                at.vector = function(at.vector).keeping(live)
            }
        }
    }

    @inline(always)
    private static func map(
        _ rows: Rows, _ values: Target, _ output: Source, _ function: (Vector, Vector) -> Vector
    ) {
        for i in stride(from: 0, to: rows.floatCount, by: 16) {
            (values + i).vector = function((values + i).vector, (output + i).vector)
        }
    }
}

/// 1 / (1 + e^-x), from e^-|x| so that nothing overflows.
@inline(always)
func sigmoid(_ x: Vector) -> Vector {
    let positive = x .> Vector()
    let e = exp(x.replacing(with: Vector() - x, where: positive))
    return e.replacing(with: Vector(1), where: positive) / (Vector(1) + e)
}

/// Replaces a row by e^(x - largest), dead channels by zero; returns the largest and the sum.
@inline(always)
func exponentials(of row: Target, stored: Int, live: Int) -> (largest: Float, sum: Float) {
    var most = Vector(-.greatestFiniteMagnitude)
    for q in stride(from: 0, to: stored, by: 16) {
        let x = most.replacing(with: (row + q).vector, where: channels(from: q, below: live))
        most = most.or(x)
    }
    let largest = most.greatest
    var sum = Vector()
    for q in stride(from: 0, to: stored, by: 16) {
        let e = exp((row + q).vector - Vector(largest))
            .keeping(channels(from: q, below: live))
        (row + q).vector = e
        sum += e
    }
    return (largest, sum.total)
}
