// SPDX-License-Identifier: Apache-2.0
//
// The two multiply loops of the engine. Every product of a convolution or a dense layer runs in one.

/// The rows of a register tile, and the blocks of 16 columns that the tiles of large products take
/// together: enough sums in flight to keep two fused multiply-adds a cycle busy. Where a vector is one
/// register, one block would need nine loads for eight multiply-adds, and loads would be the bound.
#if WIDE
    typealias Tile = Line<8>
    typealias Columns = Line<2>
#else
    typealias Tile = Line<4>
    typealias Columns = Line<1>
#endif

/// `P` blocks of 16 columns of `R` rows: sums, in registers.
typealias Panel<let P: Int, let R: Int> = InlineArray<P, Line<R>>
typealias Tiles<let P: Int> = InlineArray<P, Tile>

/// Calls `body` for each of `P` blocks. A loop, where it is not unrolled, keeps a panel in memory.
@inline(always)
func unrolled<let P: Int>(_: Line<P>.Type, _ body: (Int) -> Void) {
    body(0)
    if P > 1 { body(1) }
    if P > 2 { for p in 2..<P { body(p) } }
}

/// acc[p][r] += Σ a[r * stride + i] * b[p * next + i * 16...], i in 0..<count: rows times columns. The
/// columns that follow are those of the next point or tap, and are asked for.
@inline(always)
func dot<let P: Int, let R: Int>(
    _ acc: inout Panel<P, R>, _ a: Source, _ stride: Int, _ count: Int, _ b: Source, next: Int
) {
    for i in 0..<count {
        for p in 0..<P { (b + p * next + 16 * (count + i)).prefetch(16) }
        let columns = Line<P> { (b + $0 * next + 16 * i).vector }
        for r in 0..<R { add(&acc, row: r, a[r * stride + i], times: columns) }
    }
}

/// acc[p][r] += Σ a[i * aStep + r] * b[p * 16 + i * bStep...]: the outer products that sum to a weight
/// gradient.
@inline(always)
func outer<let P: Int, let R: Int>(
    _ acc: inout Panel<P, R>, _ a: Source, _ aStep: Int, _ count: Int, _ b: Source, _ bStep: Int
) {
    for i in 0..<count {
        let columns: Line<P> = load(b + bStep * i, 16)
        for r in 0..<R { add(&acc, row: r, a[aStep * i + r], times: columns) }
    }
}

/// The same with rows anywhere: acc[p][r] += Σ a[r][i * aStep] * b[p * 16 + i * bStep...].
@inline(always)
func outer<let P: Int, let R: Int>(
    _ acc: inout Panel<P, R>, _ a: InlineArray<R, Source>, _ aStep: Int, _ count: Int, _ b: Source,
    _ bStep: Int
) {
    for i in 0..<count {
        let columns: Line<P> = load(b + bStep * i, 16)
        for r in 0..<R { add(&acc, row: r, a[r][aStep * i], times: columns) }
    }
}

@inline(always)
func add<let P: Int, let R: Int>(
    _ acc: inout Panel<P, R>, row r: Int, _ a: Float, times columns: Line<P>
) {
    for p in 0..<P { acc[p][r] = acc[p][r].plus(a, times: columns[p]) }
}

@inline(always)
func load<let R: Int>(_ rows: Source, _ stride: Int) -> Line<R> {
    Line<R> { (rows + $0 * stride).vector }
}

@inline(always)
func store<let R: Int>(_ acc: Line<R>, _ rows: Target, _ stride: Int) {
    for r in 0..<R { (rows + r * stride).vector = acc[r] }
}

/// Calls `together` for each `Columns.count` of `blocks` blocks, `alone` for what is left of them, or for all
/// if they read other rows and so stay `apart`.
@inline(always)
func eachPanel(
    of blocks: Int, apart: Bool = false, together: (Int) -> Void, alone: (Int) -> Void
) {
    for block in stride(from: 0, to: blocks, by: Columns.count) {
        if block + Columns.count <= blocks, Columns.count == 1 || !apart {
            together(block)
        } else {
            for last in block..<min(block + Columns.count, blocks) { alone(last) }
        }
    }
}
