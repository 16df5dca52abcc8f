// SPDX-License-Identifier: Apache-2.0
//
// The weight gradient of a whole shard, out of the rows of all its blocks.

import Tensors

/// Sums the products of a shard's rows and transforms them back while they are in the cache. The order is
/// that of the blocks and their rows, as if each block had added to an accumulator.
struct WinogradSums {
    private let g: ConvGeometry
    private let ic: Int, oc: Int, tiles: Int, inputPlane: Int, outputPlane: Int
    /// For each block V, `[36][tile][image][ic]`, and the rows of its gradient, both for each block of tiles.
    private let shard: Source
    private let blocks: Int
    /// `[p][36][ic of a run][16]`
    private let sums: Target

    init(_ geometry: ConvGeometry, _ shard: Source, blocks: Int, _ scratch: Target) {
        g = geometry
        (ic, oc, tiles) = (g.inputChannels, g.outputChannels, g.tilesDown * g.tilesAcross)
        (inputPlane, outputPlane) = (g.planeStride(channels: ic), g.planeStride(channels: oc))
        self.shard = shard
        self.blocks = blocks
        sums = scratch
    }

    /// dw = Gᵀ (Σ v ⊗ rows) G, or += that if `adding`
    func finish(adding: Bool, into gradient: Target) {
        let run = ConvGeometry.summedChannels
        eachPanel(of: oc / 16) { block in
            for c in stride(from: 0, to: ic, by: run) {
                let channels = c..<min(ic, c + run)
                sum(channels, from: block, columns: Columns.self)
                for p in 0..<Columns.count {
                    transform(channels, p, block + p, adding, into: gradient)
                }
            }
        } alone: { block in
            for c in stride(from: 0, to: ic, by: run) {
                let channels = c..<min(ic, c + run)
                sum(channels, from: block, columns: Line<1>.self)
                transform(channels, 0, block, adding, into: gradient)
            }
        }
    }

    /// sums[p, ξ, c, :] = Σ v[ξ, row, c] * rows[ξ, row, p * 16...] over the rows of all blocks
    @inline(never)
    private func sum<let P: Int>(_ channels: Range<Int>, from block: Int, columns: Line<P>.Type) {
        let step = ConvGeometry.pointStride(depth: ConvGeometry.summedChannels)
        let first = channels.lowerBound, shares = channels.count / Tile.count
        for point in 0..<36 {
            for part in 0..<blocks * g.tileBlocks {
                let (kept, rows) = g.rows(ofBlock: part / g.tileBlocks)
                let t = part % g.tileBlocks
                let v = shard + kept.lowerBound + (t * 36 + point) * inputPlane
                let b = shard + rows.lowerBound + (t * 36 + point) * outputPlane + block * 16
                let count = min(g.tilesPerBlock, tiles - t * g.tilesPerBlock) * g.images
                for share in 0..<shares {
                    // A share of what the next point reads of these rows.
                    for row in count * share / shares..<count * (share + 1) / shares {
                        (v + inputPlane + row * ic + first).prefetch(channels.count)
                        (b + outputPlane + row * oc).prefetch(16 * P)
                    }
                    let c = share * Tile.count
                    let sum = sums + point * step + c * 16
                    var acc = Tiles<P> {
                        part == 0 ? Tile(repeating: Vector()) : load(sum + $0 * 36 * step, 16)
                    }
                    outer(&acc, v + first + c, ic, count, b, oc)
                    unrolled(Line<P>.self) { p in store(acc[p], sum + p * 36 * step, 16) }
                }
            }
        }
    }

    @inline(never)
    private func transform(
        _ channels: Range<Int>, _ p: Int, _ block: Int, _ adding: Bool, into gradient: Target
    ) {
        let step = ConvGeometry.pointStride(depth: ConvGeometry.summedChannels)
        Winograd.withSquare { square in
            for c in channels {
                let from = sums + p * 36 * step + (c - channels.lowerBound) * 16
                transformSquare(weightAdjoint, square) {
                    (from + ($0 * 6 + $1) * step).vector
                } store: {
                    let to = gradient + ((block * 9 + $0 * 3 + $1) * ic + c) * 16
                    to.vector = adding ? to.vector + $2 : $2
                }
            }
        }
    }
}
