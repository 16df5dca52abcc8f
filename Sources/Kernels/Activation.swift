// SPDX-License-Identifier: Apache-2.0
//
// Activations that are layers of their own, in place.

import Tensors

enum Activation {
    @inline(never)
    static func forward(_ activation: ElementActivation, _ rows: Rows, _ values: Target) {
        switch activation {
        case .relu: map(rows, values) { $0.raised(to: Vector()) }
        case .rectifier(let rectifier): map(rows, values) { rectifier($0) }
        case .elu(let alpha, let scale):
            map(rows, values) { x in
                let curve = Vector(scale * alpha) * expMinusOne(x.lowered(to: Vector()))
                return curve.replacing(with: Vector(scale) * x, where: x .> Vector())
            }
        case .gelu(approximate: false): map(rows, values) { $0 * Gaussian($0).share }
        case .gelu(approximate: true): map(rows, values) { $0 * sigmoid(Cubic($0).value) }
        case .silu: map(rows, values) { $0 * sigmoid($0) }
        case .sigmoid: map(rows, values) { sigmoid($0) }
        case .tanh: map(rows, values) { tanh($0) }
        case .softplus: map(rows, values) { softplus($0) }
        case .softmax: softmax(rows, values)
        }
    }

    /// - Parameter values: What the forward pass read, of GELU and SiLU; what it wrote, of all others.
    @inline(never)
    static func backward(
        _ activation: ElementActivation, _ rows: Rows, _ values: Source, _ gradient: Target
    ) {
        switch activation {
        case .relu:
            map(rows, gradient, values) { $0.keeping($1 .> Vector()) }
        case .rectifier(let rectifier):
            map(rows, gradient, values) { rectifier.backward($0, output: $1) }
        case .elu(let alpha, let scale):
            map(rows, gradient, values) { g, y in
                let slope = y + Vector(scale * alpha)
                return g * slope.replacing(with: Vector(scale), where: y .> Vector())
            }
        case .gelu(approximate: false):
            map(rows, gradient, values) { g, x in
                let normal = Gaussian(x)
                return g * normal.share.plus(x, times: normal.density)
            }
        case .gelu(approximate: true):
            map(rows, gradient, values) { g, x in
                let cubic = Cubic(x), s = sigmoid(cubic.value)
                return g * s.plus(cubic.bounded * cubic.slope, times: s * (Vector(1) - s))
            }
        case .silu:
            map(rows, gradient, values) { g, x in
                let s = sigmoid(x)
                return g * (s * Vector(1).plus(x, times: Vector(1) - s))
            }
        case .sigmoid:
            map(rows, gradient, values) { $0 * ($1 * (Vector(1) - $1)) }
        case .tanh:
            map(rows, gradient, values) { $0 * Vector(1).plus(Vector() - $1, times: $1) }
        case .softplus:
            map(rows, gradient, values) { $0 * (Vector() - expMinusOne(Vector() - $1)) }
        case .softmax: softmaxBackward(rows, values, gradient)
        }
    }

    @inline(never)
    private static func softmax(_ rows: Rows, _ values: Target) {
        for r in 0..<rows.count {
            let row = values + r * rows.stored
            let (_, sum) = exponentials(of: row, stored: rows.stored, live: rows.live)
            for q in stride(from: 0, to: rows.stored, by: 16) {
                (row + q).vector = (row + q).vector / Vector(sum)
            }
        }
    }

    @inline(never)
    private static func softmaxBackward(_ rows: Rows, _ values: Source, _ gradient: Target) {
        for r in 0..<rows.count {
            let s = values + r * rows.stored, g = gradient + r * rows.stored
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

    @inline(never)
    static func affine(_ scale: Float, _ offset: Float, _ rows: Rows, _ values: Target) {
        map(rows, values) { Vector(offset).plus(scale, times: $0) }
    }

    // These loops stand in one function a dozen times. An iterator would remain a function there.

    /// Replaces the live channels by a function of themselves, the others by zero.
    @inline(always)
    private static func map(_ rows: Rows, _ values: Target, _ function: (Vector) -> Vector) {
        let count = rows.floatCount
        var channel = 0
        while channel < rows.stored {
            // Of whole rows all vectors after each other, else those of one column.
            let isWhole = rows.live == rows.stored
            let live = channels(from: channel, below: rows.live)
            var i = channel
            while i < count {
                (values + i).vector = function((values + i).vector).keeping(live)
                i += isWhole ? 16 : rows.stored
            }
            channel = isWhole ? rows.stored : channel + 16
        }
    }

    /// Replaces gradients by a function of themselves and of values; those of channels that are not live are
    /// zero and stay so.
    @inline(always)
    private static func map(
        _ rows: Rows, _ gradient: Target, _ values: Source, _ function: (Vector, Vector) -> Vector
    ) {
        let count = rows.floatCount
        var i = 0
        while i < count {
            (gradient + i).vector = function((gradient + i).vector, (values + i).vector)
            i += 16
        }
    }
}

/// Replaces a row by e^(x - largest), dead channels by zero; returns the largest and the sum.
@inline(always)
func exponentials(of row: Target, stored: Int, live: Int) -> (largest: Float, sum: Float) {
    var most = Vector(-.greatestFiniteMagnitude), q = 0
    while q < stored {
        let x = most.replacing(with: (row + q).vector, where: channels(from: q, below: live))
        most = most.or(x)
        q += 16
    }
    let largest = most.greatest
    var sum = Vector()
    q = 0
    while q < stored {
        let e = exp((row + q).vector - Vector(largest))
            .keeping(channels(from: q, below: live))
        (row + q).vector = e
        sum += e
        q += 16
    }
    return (largest, sum.total)
}
