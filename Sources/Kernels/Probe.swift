// SPDX-License-Identifier: Apache-2.0
//
// The register tile alone, on operands that stay in L1: what a core can do at most.

enum Probe {
    /// Runs 2^27 FLOPs a round, in `dot` with a depth of 128; returns the FLOPs done.
    static func run(rounds: Int) -> Double { run(rounds, columns: Columns.self) }

    @inline(never)
    private static func run<let P: Int>(_ rounds: Int, columns: Line<P>.Type) -> Double {
        let depth = 128, flops = 2 * 16 * depth * Tile.count * P,
            tiles = rounds * ((1 << 27) / flops)
        // Rows of 128 floats, then blocks of 128 columns, then sums.
        var operands = Line<352>(repeating: Vector(0x1p-9))
        return withUnsafeMutablePointer(to: &operands) {
            let rows = UnsafeMutableRawPointer($0).assumingMemoryBound(to: Float.self)
            let columns = rows + Tile.count * depth, sums = columns + P * depth * 16
            for _ in 0..<tiles { multiply(rows, columns, depth, into: sums, Line<P>.self) }
            // Never true, and not known to be: so that the loop is not thrown away.
            return sums[0] == -1 ? 0 : Double(tiles * flops)
        }
    }

    @inline(never)
    private static func multiply<let P: Int>(
        _ rows: Source, _ columns: Source, _ depth: Int, into sums: Target, _: Line<P>.Type
    ) {
        var acc = Tiles<P> { _ in Tile(repeating: Vector()) }
        dot(&acc, rows, depth, depth, columns, next: depth * 16)
        unrolled(Line<P>.self) { p in store(acc[p], sums + p * 16, P * 16) }
    }
}
