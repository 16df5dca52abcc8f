// SPDX-License-Identifier: Apache-2.0
//
// The backward pass: the gradients of the products, then those of weights, bias and input.

import Tensors

extension Winograd {
    /// - Parameters:
    ///   - uT: G gᵀ Gᵀ, `[ic / 16][36][oc][16]`; nil if nobody wants the input's gradient.
    func backward(
        _ gradients: ConvGradients, _ uT: Source?, _ argmax: UnsafePointer<UInt8>?
    ) {
        let result = gradients.inputGradient
        if !gradients.addsToInput {
            for i in stride(from: 0, to: result.count, by: 16) {
                (result.baseAddress! + i).vector = Vector()
            }
        }
        let sums = gradients.weights.baseAddress!
        eachBlock { tiles, v in
            let rows =
                g.sumsAtOnce ? sums + tiles.lowerBound / block * 36 * outputPlane : self.rows
            if let argmax {
                unpool(gradients, argmax, tiles, into: rows)
            } else {
                transformGradient(gradients, tiles, into: rows)
            }
            if !g.sumsAtOnce {
                accumulate(
                    v, count: tiles.count * n, into: sums,
                    starts: gradients.startsSum && tiles.lowerBound == 0)
            }
            guard let uT else { return }
            eachProduct(
                rows, plane: outputPlane, uT, tiles, depth: oc, blocks: ic / 16
            ) { c, products in
                transformInputGradient(
                    products, into: result.baseAddress!, channel: c * 16, tiles)
            }
        }
    }

    /// A y' Aᵀ, where y' has passed ReLU.
    @inline(never)
    private func transformGradient(
        _ gradients: ConvGradients, _ tiles: Range<Int>, into rows: Target
    ) {
        let y = gradients.outputGradient.baseAddress!
        let toOutput = UnsafePointer(gradients.output.baseAddress!) - Source(y)
        let gated = g.activation != .linear, limit = Limit(g.activation)
        for tile in tiles {
            aim(
                at: y, height: g.convHeight, width: g.convWidth, channels: oc,
                top: tile / across * 4, left: tile % across * 4, side: 4, outside: zeros)
            for q in stride(from: 0, to: n * oc, by: 16) {
                let bias = gradients.bias.baseAddress! + q % oc
                var sum = bias.vector
                for e in 0..<16 {
                    let pixel = pixels[e]
                    var live = (pixel + q).vector
                    if gated && pixel != zeros {
                        live = limit.backward(live, output: (pixel + toOutput + q).vector)
                    }
                    (outputs + e * 16).vector = live
                    sum += live
                }
                bias.vector = sum
                transformOutputs(into: rows + (tile - tiles.lowerBound) * n * oc + q)
            }
        }
    }

    /// The same, from the gradients of pooled outputs.
    @inline(never)
    private func unpool(
        _ gradients: ConvGradients, _ argmax: UnsafePointer<UInt8>, _ tiles: Range<Int>,
        into rows: Target
    ) {
        let gradient = Source(gradients.outputGradient.baseAddress!)
        let height = g.outputHeight, width = g.outputWidth
        for tile in tiles {
            let top = tile / across * 2, left = tile % across * 2
            for q in stride(from: 0, to: n * oc, by: 16) {
                let bias = gradients.bias.baseAddress! + q % oc
                var sum = bias.vector
                for y in 0..<2 {
                    for x in 0..<2 {
                        let pixel = outputs + (y * 8 + x * 2) * 16
                        if top + y < height && left + x < width {
                            let at = ((top + y) * width + left + x) * n * oc + q
                            sum += spread(
                                (gradient + at).vector, argmax + at, to: pixel, right: 16, below: 64
                            )
                        } else {
                            for e in 0..<4 {
                                (pixel + (e % 2 * 16 + e / 2 * 64)).vector = Vector()
                            }
                        }
                    }
                }
                bias.vector = sum
                transformOutputs(into: rows + (tile - tiles.lowerBound) * n * oc + q)
            }
        }
    }

    @inline(always)
    private func transformOutputs(into to: Target) {
        let (outputs, square, plane) = (outputs, square, outputPlane)
        transformSquare(outputAdjoint, square) {
            (outputs + ($0 * 4 + $1) * 16).vector
        } store: {
            (to + ($0 * 6 + $1) * plane).vector = $2
        }
    }

    /// du[o / 16, ξ, c, o % 16] += Σ v[ξ, row, c] * rows[ξ, row, o], from zero on if it `starts`
    @inline(never)
    private func accumulate(_ v: Source, count: Int, into accumulator: Target, starts: Bool) {
        for point in 0..<36 {
            eachPanel(of: oc / 16) {
                accumulate(
                    v, point, from: $0, count: count, into: accumulator, starts: starts,
                    columns: Columns.self)
            } alone: {
                accumulate(
                    v, point, from: $0, count: count, into: accumulator, starts: starts,
                    columns: Line<1>.self)
            }
        }
    }

    @inline(always)
    private func accumulate<let P: Int>(
        _ v: Source, _ point: Int, from block: Int, count: Int, into accumulator: Target,
        starts: Bool, columns: Line<P>.Type
    ) {
        let step = ConvGeometry.pointStride(depth: ic)
        let b = rows + point * outputPlane + block * 16
        for c in stride(from: 0, to: ic, by: Tile.count) {
            let sum = accumulator + (block * 36 + point) * step + c * 16
            // V was kept since the forward pass, further away than the caches that are near.
            if block == 0 {
                (v + (point + 1) * inputPlane + c * count).prefetch(Tile.count * count)
            }
            var acc = Tiles<P> {
                starts ? Tile(repeating: Vector()) : load(sum + $0 * 36 * step, 16)
            }
            outer(&acc, v + point * inputPlane + c, ic, count, b, oc)
            unrolled(Line<P>.self) { p in store(acc[p], sum + p * 36 * step, 16) }
        }
    }

    /// d' = B m Bᵀ; neighbouring tiles overlap and add.
    @inline(never)
    private func transformInputGradient(
        _ products: Source, into result: Target, channel: Int, _ tiles: Range<Int>
    ) {
        let (pixels, square, plane) = (pixels, square, productPlane)
        for tile in tiles {
            aim(
                at: result, height: g.inputHeight, width: g.inputWidth, channels: ic,
                top: tile / across * 4 - g.padTop, left: tile % across * 4 - g.padLeft, side: 6,
                outside: dump)
            for i in 0..<n {
                let m = products + ((tile - tiles.lowerBound) * n + i) * 16 * Columns.count
                transformSquare(inputAdjoint, square) {
                    (m + ($0 * 6 + $1) * plane).vector
                } store: {
                    let pixel = pixels[$0 * 6 + $1] + i * ic + channel
                    pixel.vector = pixel.vector + $2
                }
            }
        }
    }
}
