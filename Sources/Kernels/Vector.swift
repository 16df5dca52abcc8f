// SPDX-License-Identifier: Apache-2.0
//
// The virtual vector of the engine: 16 float32 lanes on every machine, in one fixed order.

import CMachine

/// One ymm pair, one zmm or four q registers, as the module's flags have it.
typealias Vector = SIMD16<Float>
typealias Integers = SIMD16<Int32>
typealias Mask = SIMDMask<SIMD16<Int32>>
typealias Source = UnsafePointer<Float>
typealias Target = UnsafeMutablePointer<Float>

/// `N` vectors, in registers where the loops over them unroll.
typealias Line<let N: Int> = InlineArray<N, Vector>

/// Calls a body for 64 values at a time, at the end for 16: what is far from the next to be read is read several
/// cache lines at once.
@inline(always)
func eachLine(
    _ count: Int, wide: (_ first: Int, Line<4>.Type) -> Void,
    narrow: (_ first: Int, Line<1>.Type) -> Void
) {
    let whole = count / 64 * 64
    for first in stride(from: 0, to: whole, by: 64) { wide(first, Line<4>.self) }
    for first in stride(from: whole, to: count, by: 16) { narrow(first, Line<1>.self) }
}

extension UnsafePointer<Float> {
    /// The 16 floats from here on.
    @inline(always) var vector: Vector {
        UnsafeRawPointer(self).loadUnaligned(as: Vector.self)
    }

    /// Asks for `count` floats from here on, ahead of their use; they need not exist.
    @inline(always) func prefetch(_ count: Int) {
        for i in stride(from: 0, to: count, by: 16) { machine_prefetch(self + i) }
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(always) var vector: Vector {
        get { UnsafeRawPointer(self).loadUnaligned(as: Vector.self) }
        nonmutating set { UnsafeMutableRawPointer(self).storeBytes(of: newValue, as: Vector.self) }
    }

    /// Adds to the 16 floats that begin `offset` further.
    @inline(always) func add(_ vector: Vector, at offset: Int) {
        (self + offset).vector = (self + offset).vector + vector
    }

    /// Stores 16 floats past the caches; `machine_end_stream` has to follow. Needs alignment.
    @inline(always) func stream(_ vector: Vector) { machine_stream(vector, self) }
}

extension SIMD16<Float> {
    @inline(always) init(_ scalar: Float) { self.init(repeating: scalar) }

    /// self + a * b, rounded once.
    @inline(always) func plus(_ a: Vector, times b: Vector) -> Vector {
        #if FUSED || arch(arm64)
            addingProduct(a, b)
        #else
            fused(self, a, b)
        #endif
    }
    @inline(always) func plus(_ a: Float, times b: Vector) -> Vector { plus(Vector(a), times: b) }

    /// The lanes where `mask` holds, zero elsewhere.
    @inline(always) func keeping(_ mask: Mask) -> Vector {
        Vector().replacing(with: self, where: mask)
    }
    /// The lanes raised to `floor`; NaN stays.
    @inline(always) func raised(to floor: Vector) -> Vector {
        replacing(with: floor, where: self .< floor)
    }
    /// The lanes lowered to `ceiling`; NaN stays.
    @inline(always) func lowered(to ceiling: Vector) -> Vector {
        replacing(with: ceiling, where: self .> ceiling)
    }
    @inline(always) var squareRoots: Vector {
        var roots = self
        for i in 0..<16 { roots[i] = self[i].squareRoot() }
        return roots
    }
    /// The sum of the lanes, always over the same tree.
    @inline(always) var total: Float {
        let eight = lowHalf + highHalf, four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
    /// The largest lane. A NaN may or may not show.
    @inline(always) var greatest: Float {
        let eight = lowHalf.or(highHalf), four = eight.lowHalf.or(eight.highHalf)
        let two = four.lowHalf.or(four.highHalf)
        return two[0] > two[1] ? two[0] : two[1]
    }
    @inline(always) func or(_ other: Self) -> Self {
        replacing(with: other, where: other .> self)
    }
}

extension SIMD8<Float> {
    @inline(always) func or(_ other: Self) -> Self {
        replacing(with: other, where: other .> self)
    }
}

extension SIMD4<Float> {
    @inline(always) func or(_ other: Self) -> Self {
        replacing(with: other, where: other .> self)
    }
}

extension SIMD2<Float> {
    @inline(always) func or(_ other: Self) -> Self {
        replacing(with: other, where: other .> self)
    }
}

extension SIMD16<Float> {
    /// The lanes of two vectors in turn: a[0], b[0], a[1], ...
    @inline(always) fileprivate static func zip(_ a: Vector, _ b: Vector) -> (Vector, Vector) {
        (
            Vector(
                a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3], a[4], b[4], a[5], b[5], a[6], b[6],
                a[7], b[7]),
            Vector(
                a[8], b[8], a[9], b[9], a[10], b[10], a[11], b[11], a[12], b[12], a[13], b[13],
                a[14], b[14], a[15], b[15])
        )
    }
}

/// A square turned over: zipping its halves rotates the eight bits of (row, lane) by one, and four
/// times that is an exchange of rows and lanes.
@inline(always)
func transposed(_ square: Line<16>) -> Line<16> {
    var square = square
    for _ in 0..<4 {
        var turned = Line<16>(repeating: Vector())
        for i in 0..<8 {
            (turned[2 * i], turned[2 * i + 1]) = Vector.zip(square[i], square[i + 8])
        }
        square = turned
    }
    return square
}

/// 0, 1, ... 15.
@inline(always) var laneNumbers: Integers {
    Integers(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
}

/// The lanes of the 16 channels from `first` on that are below `count`.
@inline(always) func channels(from first: Int, below count: Int) -> Mask {
    laneNumbers .< Integers(repeating: Int32(truncatingIfNeeded: count - first))
}

// Conversions lane by lane: those of the standard library are generic functions that may stay
// functions, and then one copy of them serves every instruction set of the program.

/// 16 bytes as integers.
@inline(always)
func integers(_ bytes: UnsafePointer<UInt8>) -> Integers {
    let narrow = UnsafeRawPointer(bytes).loadUnaligned(as: SIMD16<UInt8>.self)
    var wide = Integers()
    for i in 0..<16 { wide[i] = Int32(narrow[i]) }
    return wide
}

/// 16 integers as bytes.
@inline(always)
func store(_ integers: Integers, to bytes: UnsafeMutablePointer<UInt8>) {
    var narrow = SIMD16<UInt8>()
    for i in 0..<16 { narrow[i] = UInt8(truncatingIfNeeded: integers[i]) }
    UnsafeMutableRawPointer(bytes).storeBytes(of: narrow, as: SIMD16<UInt8>.self)
}
