// SPDX-License-Identifier: Apache-2.0
//
// The register tile alone, on operands that stay in L1: what a core can do at most.

enum Probe {
    /// Runs 2^27 FLOPs a round, in `dot` with a depth of 256; returns the FLOPs done.
    @inline(never)
    static func run(rounds: Int) -> Double {
        let depth = 256
        var columns = Line<256>(repeating: Vector(1)), rows = Line<128>(repeating: Vector(0x1p-9))
        var sums = Tile(repeating: Vector())
        let flops = 2 * 16 * depth * Tile.count
        withUnsafeMutablePointer(to: &columns) { columns in
            withUnsafeMutablePointer(to: &rows) { rows in
                let b = UnsafeRawPointer(columns).assumingMemoryBound(to: Float.self)
                let a = UnsafeRawPointer(rows).assumingMemoryBound(to: Float.self)
                for _ in 0..<rounds * ((1 << 27) / flops) { sums = tile(sums, a, b, depth) }
            }
        }
        // Never true, and not known to be: so that the loop is not thrown away.
        return sums[0][0] == -1 ? 0 : Double(rounds * ((1 << 27) / flops) * flops)
    }

    @inline(never)
    private static func tile(_ sums: Tile, _ a: Source, _ b: Source, _ depth: Int) -> Tile {
        var sums = sums
        dot(&sums, a, depth, depth, b)
        return sums
    }
}
