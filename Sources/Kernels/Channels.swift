// SPDX-License-Identifier: Apache-2.0
//
// Channels that become part of longer rows, and come back.

import Tensors

enum Channels {
    /// whole[row, first + c] = part[row, c]
    @inline(never)
    static func place(_ slice: ChannelSlice, _ part: Source, into whole: Target) {
        for row in 0..<slice.rows {
            let to = whole + row * slice.whole
            if slice.first == 0 { (to + slice.whole - 16).vector = Vector() }
            copyRun(part + row * slice.stored, to: to + slice.first, count: slice.live)
        }
    }

    /// part[row, c] = whole[row, first + c]
    @inline(never)
    static func take(_ slice: ChannelSlice, _ whole: Source, into part: Target) {
        for row in 0..<slice.rows {
            let to = part + row * slice.stored
            (to + slice.stored - 16).vector = Vector()
            copyRun(whole + row * slice.whole + slice.first, to: to, count: slice.live)
        }
    }

    /// part[row, c] += whole[row, first + c]
    @inline(never)
    static func add(_ slice: ChannelSlice, _ whole: Source, to part: Target) {
        for row in 0..<slice.rows {
            addRun(
                whole + row * slice.whole + slice.first, to: part + row * slice.stored,
                count: slice.live)
        }
    }
}

enum Products {
    /// values[p, i] *= factors[i]
    @inline(never)
    static func multiply(_ values: Target, by factors: Source, period: Int, count: Int) {
        for start in stride(from: 0, to: count, by: period) {
            for i in stride(from: 0, to: period, by: 16) {
                let at = values + start + i
                at.vector = at.vector * (factors + i).vector
            }
        }
    }

    /// sums[i] = Σ a[p, i] b[p, i]
    @inline(never)
    static func sum(
        _ a: Source, _ b: Source, adding: Bool, into sums: Target, period: Int, count: Int
    ) {
        for start in stride(from: 0, to: count, by: period) {
            let isFirst = start == 0 && !adding
            for i in stride(from: 0, to: period, by: 16) {
                let sum = isFirst ? Vector() : (sums + i).vector
                (sums + i).vector = sum.plus((a + start + i).vector, times: (b + start + i).vector)
            }
        }
    }
}

/// Copies some floats: sixteen at a time, and what is left in halves.
@inline(always)
func copyRun(_ source: Source, to target: Target, count: Int) {
    let from = UnsafeRawPointer(source), to = UnsafeMutableRawPointer(target)
    var i = 0
    while i + 16 <= count {
        (target + i).vector = (source + i).vector
        i += 16
    }
    if count & 8 != 0 {
        let part = (from + i * 4).loadUnaligned(as: SIMD8<Float>.self)
        (to + i * 4).storeBytes(of: part, as: SIMD8<Float>.self)
        i += 8
    }
    if count & 4 != 0 {
        let part = (from + i * 4).loadUnaligned(as: SIMD4<Float>.self)
        (to + i * 4).storeBytes(of: part, as: SIMD4<Float>.self)
        i += 4
    }
    if count & 2 != 0 {
        let part = (from + i * 4).loadUnaligned(as: SIMD2<Float>.self)
        (to + i * 4).storeBytes(of: part, as: SIMD2<Float>.self)
        i += 2
    }
    if count & 1 != 0 { target[i] = source[i] }
}

/// Adds some floats to others, in the same way.
@inline(always)
func addRun(_ source: Source, to target: Target, count: Int) {
    let from = UnsafeRawPointer(source), to = UnsafeMutableRawPointer(target)
    var i = 0
    while i + 16 <= count {
        (target + i).vector += (source + i).vector
        i += 16
    }
    if count & 8 != 0 {
        let part = (from + i * 4).loadUnaligned(as: SIMD8<Float>.self)
        let sum = (UnsafeRawPointer(to) + i * 4).loadUnaligned(as: SIMD8<Float>.self) + part
        (to + i * 4).storeBytes(of: sum, as: SIMD8<Float>.self)
        i += 8
    }
    if count & 4 != 0 {
        let part = (from + i * 4).loadUnaligned(as: SIMD4<Float>.self)
        let sum = (UnsafeRawPointer(to) + i * 4).loadUnaligned(as: SIMD4<Float>.self) + part
        (to + i * 4).storeBytes(of: sum, as: SIMD4<Float>.self)
        i += 4
    }
    if count & 2 != 0 {
        let part = (from + i * 4).loadUnaligned(as: SIMD2<Float>.self)
        let sum = (UnsafeRawPointer(to) + i * 4).loadUnaligned(as: SIMD2<Float>.self) + part
        (to + i * 4).storeBytes(of: sum, as: SIMD2<Float>.self)
        i += 2
    }
    if count & 1 != 0 { target[i] += source[i] }
}
