// SPDX-License-Identifier: Apache-2.0
//
// The two multiply loops of the engine. Every product of a convolution or a dense layer runs in one.

/// The rows of a register tile: enough sums in flight to keep two fused multiply-adds a cycle busy.
#if WIDE
    typealias Tile = Line<8>
#else
    typealias Tile = Line<4>
#endif

/// Blocks of 16 columns that the tiles of large products take together. Where a vector is one register,
/// one block makes nine loads for eight multiply-adds, which are then no longer the bound.
#if WIDE
    let panel = 2
#else
    let panel = 1
#endif

/// acc[r] += Σ a[r * stride + i] * b[i], i in 0..<count: rows times columns, 16 columns at a time.
@inline(always)
func dot<let R: Int>(_ acc: inout Line<R>, _ a: Source, _ stride: Int, _ count: Int, _ b: Source) {
    for i in 0..<count {
        let column = (b + 16 * i).vector
        for r in 0..<R { acc[r] = acc[r].plus(a[r * stride + i], times: column) }
    }
}

/// The same for two blocks of 16 columns, `next` floats apart.
@inline(always)
func dot<let R: Int>(
    _ acc: inout (Line<R>, Line<R>), _ a: Source, _ stride: Int, _ count: Int, _ b: Source,
    next: Int
) {
    for i in 0..<count {
        let columns = ((b + 16 * i).vector, (b + next + 16 * i).vector)
        for r in 0..<R {
            acc.0[r] = acc.0[r].plus(a[r * stride + i], times: columns.0)
            acc.1[r] = acc.1[r].plus(a[r * stride + i], times: columns.1)
        }
    }
}

/// acc[r] += Σ a[i * aStep + r] * b[i * bStep]: the outer products that sum to a weight gradient.
@inline(always)
func outer<let R: Int>(
    _ acc: inout Line<R>, _ a: Source, _ aStep: Int, _ count: Int, _ b: Source, _ bStep: Int
) {
    for i in 0..<count {
        let column = (b + bStep * i).vector
        for r in 0..<R { acc[r] = acc[r].plus(a[aStep * i + r], times: column) }
    }
}

/// The same for two blocks of 16 columns.
@inline(always)
func outer<let R: Int>(
    _ acc: inout (Line<R>, Line<R>), _ a: Source, _ aStep: Int, _ count: Int, _ b: Source,
    _ bStep: Int
) {
    for i in 0..<count {
        let columns = ((b + bStep * i).vector, (b + bStep * i + 16).vector)
        for r in 0..<R {
            acc.0[r] = acc.0[r].plus(a[aStep * i + r], times: columns.0)
            acc.1[r] = acc.1[r].plus(a[aStep * i + r], times: columns.1)
        }
    }
}

/// The same with rows anywhere: acc[r] += Σ a[r][i * aStep] * b[i * bStep].
@inline(always)
func outer<let R: Int>(
    _ acc: inout Line<R>, _ a: InlineArray<R, Source>, _ aStep: Int, _ count: Int, _ b: Source,
    _ bStep: Int
) {
    for i in 0..<count {
        let column = (b + bStep * i).vector
        for r in 0..<R { acc[r] = acc[r].plus(a[r][aStep * i], times: column) }
    }
}

@inline(always)
func load<let R: Int>(_ rows: Source, _ stride: Int) -> Line<R> {
    Line<R> { (rows + $0 * stride).vector }
}

@inline(always)
func store<let R: Int>(_ acc: Line<R>, _ rows: Target, _ stride: Int) {
    for r in 0..<R { (rows + r * stride).vector = acc[r] }
}
