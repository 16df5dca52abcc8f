// SPDX-License-Identifier: Apache-2.0
//
// Vectors as they travel: added where they arrive, and looked through for NaN and infinity.

enum Sums {
    /// sum[i] = first[i] + second[i]; the addends may lie at any byte.
    @inline(never)
    static func add(
        _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, into sum: Target, count: Int
    ) {
        var i = 0
        while i + 16 <= count {
            (sum + i).vector =
                (first + i * 4).loadUnaligned(as: Vector.self)
                + (second + i * 4).loadUnaligned(as: Vector.self)
            i += 16
        }
        while i < count {
            sum[i] =
                (first + i * 4).loadUnaligned(as: Float.self)
                + (second + i * 4).loadUnaligned(as: Float.self)
            i += 1
        }
    }

    /// sum[i] += addend[i] scale
    @inline(never)
    static func addScaled(
        _ addend: UnsafePointer<Float>, scale: Float, to sum: Target, count: Int
    ) {
        let scale = Vector(scale)
        for i in stride(from: 0, to: count, by: 16) {
            (sum + i).vector = (sum + i).vector.plus((addend + i).vector, times: scale)
        }
    }

    /// values[i] = values[i], but at least -limit and at most limit
    @inline(never)
    static func clip(_ values: Target, limit: Float, count: Int) {
        let upper = Vector(limit), lower = Vector(-limit)
        for i in stride(from: 0, to: count, by: 16) {
            let x = (values + i).vector
            let y = x.replacing(with: upper, where: x .> upper)
            (values + i).vector = y.replacing(with: lower, where: y .< lower)
        }
    }

    /// x - x is zero for finite numbers and NaN for all others.
    @inline(never)
    static func isFinite(_ values: UnsafeRawPointer, count: Int) -> Bool {
        var sum = Vector(), i = 0
        while i + 16 <= count {
            let x = (values + i * 4).loadUnaligned(as: Vector.self)
            sum += x - x
            i += 16
        }
        var last: Float = 0
        while i < count {
            let x = (values + i * 4).loadUnaligned(as: Float.self)
            last += x - x
            i += 1
        }
        return sum.total + last == 0
    }
}
