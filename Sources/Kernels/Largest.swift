// SPDX-License-Identifier: Apache-2.0
//
// The 2x2 max pool that convolutions carry in their last step, with ReLU, and its way back.

/// The largest of four vectors and which it was: 0...3, or 4 where none is above zero (ReLU stops it).
/// Of equals the first wins. A NaN in the window makes the value NaN, and stops the gradient.
struct Largest {
    let value: Vector
    /// An integer in each lane, held as float bits so that every choice is a float blend.
    private let choice: Vector

    @inline(always)
    init(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) {
        let second = b .> a, fourth = d .> c
        let upper = a.replacing(with: b, where: second)
        let lower = c.replacing(with: d, where: fourth)
        let below = lower .> upper
        let largest = upper.replacing(with: lower, where: below), live = largest .> Vector()
        let sum = (a + b) + (c + d)
        value = largest.keeping(live).replacing(with: sum, where: sum .!= sum)
        let across = Self.bits(0).replacing(with: Self.bits(1), where: second)
        let under = Self.bits(2).replacing(with: Self.bits(3), where: fourth)
        choice = Self.bits(4).replacing(
            with: across.replacing(with: under, where: below), where: live)
    }

    /// Of the window at `pixel` whose neighbours lie `right` and `below` of it.
    @inline(always)
    init(_ pixel: Source, right: Int, below: Int) {
        self.init(
            pixel.vector, (pixel + right).vector, (pixel + below).vector,
            (pixel + below + right).vector)
    }

    @inline(always)
    func write(to output: Target, _ argmax: UnsafeMutablePointer<UInt8>) {
        output.vector = value
        store(unsafeBitCast(choice, to: Integers.self), to: argmax)
    }

    @inline(always)
    private static func bits(_ integer: Int32) -> Vector {
        unsafeBitCast(Integers(repeating: integer), to: Vector.self)
    }
}

/// Puts the gradient of a pooled value back where the value came from, zeroes to its neighbours;
/// returns it, zero where ReLU stopped it.
@inline(always)
func spread(
    _ gradient: Vector, _ argmax: UnsafePointer<UInt8>, to pixel: Target, right: Int, below: Int
) -> Vector {
    let choice = integers(argmax)
    pixel.vector = gradient.keeping(choice .== Integers())
    (pixel + right).vector = gradient.keeping(choice .== Integers(repeating: 1))
    (pixel + below).vector = gradient.keeping(choice .== Integers(repeating: 2))
    (pixel + below + right).vector = gradient.keeping(choice .== Integers(repeating: 3))
    return gradient.keeping(choice .!= Integers(repeating: 4))
}
