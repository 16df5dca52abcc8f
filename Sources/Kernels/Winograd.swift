// SPDX-License-Identifier: Apache-2.0
//
// Winograd F(4x4, 3x3): 36 products for 16 outputs of a channel instead of 144.
//
//     forward   y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//     backward  d' = B [ (G g Gᵀ) ⊙ (A y' Aᵀ) ] Bᵀ        g' = Gᵀ [ (Bᵀ d B) ⊙ (A y' Aᵀ) ] G
//
// The backward passes are the exact adjoints of the forward one, so V = Bᵀ d B is computed once and
// kept, A y' Aᵀ serves both gradients, and the tiles are those of the forward pass.

import Tensors

/// One convolution's tiles and the scratch they go through, a block of tiles at a time.
struct Winograd {
    let g: ConvGeometry
    let n: Int, ic: Int, oc: Int
    let across: Int, tiles: Int, block: Int
    /// Floats between the 36 planes of `v`, of `rows` and of `products`.
    let inputPlane: Int, outputPlane: Int, productPlane: Int
    /// V of all blocks, each `[36][tile][image][ic]`.
    let kept: Target
    /// A y' Aᵀ of a block, `[36][tile][image][oc]`.
    let rows: Target
    /// The products of a block and a panel of channels, `[36][tile][image][16 * Columns.count]`.
    let products: Target
    /// What pixels outside the image read, and where they are written.
    let zeros: Target, dump: Target
    /// The 6x6 vectors between the two passes of a transform, then 4x4 outputs of it.
    let square: Target, outputs: Target
    /// Where the pixels of a tile lie.
    let pixels: UnsafeMutablePointer<Target>

    init(_ geometry: ConvGeometry, _ operands: ConvOperands) {
        g = geometry
        (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        (across, tiles, block) = (g.tilesAcross, g.tilesDown * g.tilesAcross, g.tilesPerBlock)
        inputPlane = g.planeStride(channels: ic)
        outputPlane = g.planeStride(channels: oc)
        productPlane = g.planeStride(channels: 16 * Columns.count)
        kept = operands.kept.baseAddress!
        rows = operands.scratch.baseAddress!
        products = rows + 36 * outputPlane
        zeros = products + 36 * productPlane
        dump = zeros + n * max(ic, oc)
        square = dump + n * max(ic, oc)
        outputs = square + 6 * 6 * 16
        pixels = UnsafeMutableRawPointer(outputs + 16 * 16).assumingMemoryBound(to: Target.self)
        for i in stride(from: 0, to: n * max(ic, oc), by: 16) { (zeros + i).vector = Vector() }
    }

    /// Calls `body` with each block's tiles and its V.
    @inline(always)
    func eachBlock(_ body: (Range<Int>, Target) -> Void) {
        var first = 0, v = kept
        while first < tiles {
            body(first..<min(tiles, first + block), v)
            first += block
            if g.keepsInput { v += 36 * inputPlane }
        }
    }

    /// Points `pixels` at the square of `side` pixels from (top, left) on; those outside go to `outside`.
    @inline(always)
    func aim(
        at image: Target, height: Int, width: Int, channels: Int, top: Int, left: Int, side: Int,
        outside: Target
    ) {
        for i in 0..<side {
            for j in 0..<side {
                let y = top + i, x = left + j
                let inside = y >= 0 && y < height && x >= 0 && x < width
                pixels[i * side + j] = inside ? image + (y * width + x) * n * channels : outside
            }
        }
    }

    /// Multiplies a block of tiles with all of u, and calls `body` with the products of each 16 channels:
    /// `[36][tile][image]`, `16 * Columns.count` floats apart.
    @inline(always)
    func eachProduct(
        _ a: Source, plane: Int, _ u: Source, _ tiles: Range<Int>, depth: Int, blocks: Int,
        _ body: (_ block: Int, _ products: Source) -> Void
    ) {
        let rows = tiles.count * n
        eachPanel(of: blocks) {
            multiply(a, plane: plane, u, from: $0, rows: rows, depth: depth, columns: Columns.self)
            for p in 0..<Columns.count { body($0 + p, products + p * 16) }
        } alone: {
            multiply(a, plane: plane, u, from: $0, rows: rows, depth: depth, columns: Line<1>.self)
            body($0, products)
        }
    }

    /// products[ξ, row, :] = Σ a[ξ, row, k] * u[block, ξ, k, :] for `P` blocks of 16 columns.
    @inline(never)
    private func multiply<let P: Int>(
        _ a: Source, plane: Int, _ u: Source, from block: Int, rows: Int, depth: Int,
        columns: Line<P>.Type
    ) {
        let step = ConvGeometry.pointStride(depth: depth), width = 16 * Columns.count
        for point in 0..<36 {
            let u = u + (block * 36 + point) * step
            for r in stride(from: 0, to: rows, by: Tile.count) {
                var acc = Tiles<P> { _ in Tile(repeating: Vector()) }
                dot(&acc, a + point * plane + r * depth, depth, depth, u, next: 36 * step)
                let to = products + point * productPlane + r * width
                unrolled(Line<P>.self) { p in store(acc[p], to + p * 16, width) }
            }
        }
    }
}
