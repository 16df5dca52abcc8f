// SPDX-License-Identifier: Apache-2.0
//
// What the size of weights adds to the loss and to its gradient, and how it is kept below a limit.

import Tensors

enum Penalties {
    private typealias Wide = SIMD16<Double>

    /// sum = gradient + l1 sign(w) + l2 w, where the sign of 0 is 0
    @inline(never)
    static func add(
        _ l1: Float, _ l2: Float, _ gradient: Source, _ weights: Source, into sum: Target,
        count: Int
    ) {
        let up = Vector(l1), down = Vector(-l1), slope = Vector(l2)
        for i in stride(from: 0, to: count, by: 16) {
            let w = (weights + i).vector
            let sign = up.keeping(w .> Vector()) + down.keeping(w .< Vector())
            (sum + i).vector = (gradient + i).vector + sign.plus(slope, times: w)
        }
    }

    /// w[block][row][column] *= min(norm, limit) / (norm + 1e-7), norm = sqrt(sum over the rows of w^2)
    @inline(never)
    static func shorten(_ weights: Target, rows: Int, to limit: Float, count: Int) {
        for start in stride(from: 0, to: count, by: 16 * rows) {
            let block = weights + start
            var squares = Vector()
            for row in 0..<rows {
                let w = (block + 16 * row).vector
                squares = squares.plus(w, times: w)
            }
            let norm = squares.squareRoots
            let short = norm.replacing(with: Vector(limit), where: norm .> Vector(limit))
            let factor = short / (norm + Vector(1e-7))
            for row in 0..<rows {
                (block + 16 * row).vector = (block + 16 * row).vector * factor
            }
        }
    }

    /// The sums of |v| and of v^2. Squares of single precision are exact in double precision.
    @inline(never)
    static func magnitudes(_ values: Source, count: Int) -> (Double, Double) {
        var absolute = Wide(), squares = Wide()
        for i in stride(from: 0, to: count, by: 16) {
            let v = (values + i).vector
            var wide = Wide()
            for lane in 0..<16 { wide[lane] = Double(v[lane]) }
            squares += wide * wide
            absolute += wide.replacing(with: Wide() - wide, where: wide .< Wide())
        }
        var totals = (0.0, 0.0)
        for lane in 0..<16 {
            totals.0 += absolute[lane]
            totals.1 += squares[lane]
        }
        return totals
    }
}
