// SPDX-License-Identifier: Apache-2.0
//
// The forward pass: transform the input, multiply, transform the products and pool them.

import Tensors

extension Winograd {
    /// - Parameter u: G g Gᵀ, `[oc / 16][36][ic][16]`.
    func forward(
        _ operands: ConvOperands, _ u: Source, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>?
    ) {
        let input = operands.input.baseAddress!, bias = operands.bias.baseAddress!
        let epilogue = Epilogue(g, operands, output)
        eachBlock { tiles, v in
            transformInput(input, into: v, tiles)
            eachProduct(v, plane: inputPlane, u, tiles, depth: ic, blocks: oc / 16) { o, products in
                if let argmax {
                    let bias = (bias + o * 16).vector
                    pool(products, bias, into: output + o * 16, argmax + o * 16, tiles)
                } else {
                    transform(
                        products, epilogue, into: output, channel: o * 16, tiles)
                }
            }
        }
    }

    /// V = Bᵀ d B
    @inline(never)
    private func transformInput(_ input: Source, into v: Target, _ tiles: Range<Int>) {
        let (pixels, square, plane) = (pixels, square, inputPlane)
        for tile in tiles {
            aim(
                at: Target(mutating: input), height: g.inputHeight, width: g.inputWidth,
                channels: ic, top: tile / across * 4 - g.padTop,
                left: tile % across * 4 - g.padLeft,
                side: 6, outside: zeros)
            let to = v + (tile - tiles.lowerBound) * n * ic
            for q in stride(from: 0, to: n * ic, by: 16) {
                transformSquare(inputTransform, square) {
                    (pixels[$0 * 6 + $1] + q).vector
                } store: {
                    (to + ($0 * 6 + $1) * plane + q).vector = $2
                }
            }
        }
    }

    /// y = epilogue(Aᵀ m A)
    @inline(never)
    private func transform(
        _ products: Source, _ epilogue: Epilogue, into output: Target, channel: Int,
        _ tiles: Range<Int>
    ) {
        let (pixels, square, outputs, plane) = (pixels, square, outputs, productPlane)
        let bias = epilogue.bias(channel), scale = epilogue.scale(channel), floor = epilogue.floor
        for tile in tiles {
            aim(
                at: output, height: g.convHeight, width: g.convWidth, channels: oc,
                top: tile / across * 4, left: tile % across * 4, side: 4, outside: dump)
            for i in 0..<n {
                let m = products + ((tile - tiles.lowerBound) * n + i) * 16 * Columns.count
                if epilogue.isSimple {
                    transformSquare(outputTransform, square) {
                        (m + ($0 * 6 + $1) * plane).vector
                    } store: {
                        (pixels[$0 * 4 + $1] + i * oc + channel).vector =
                            bias.plus(scale, times: $2).raised(to: floor)
                    }
                } else {
                    transformSquare(outputTransform, square) {
                        (m + ($0 * 6 + $1) * plane).vector
                    } store: {
                        (outputs + ($0 * 4 + $1) * 16).vector = $2
                    }
                    for e in 0..<16 where pixels[e] != dump {
                        epilogue.write(
                            (outputs + e * 16).vector, channel, to: pixels[e] + i * oc + channel)
                    }
                }
            }
        }
    }

    /// The largest of each 2x2 outputs: a tile gives 2x2 of them.
    @inline(never)
    private func pool(
        _ products: Source, _ bias: Vector, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>,
        _ tiles: Range<Int>
    ) {
        let (outputs, square, plane) = (outputs, square, productPlane)
        let height = g.outputHeight, width = g.outputWidth
        for tile in tiles {
            let top = tile / across * 2, left = tile % across * 2
            for i in 0..<n {
                let m = products + ((tile - tiles.lowerBound) * n + i) * 16 * Columns.count
                transformSquare(outputTransform, square) {
                    (m + ($0 * 6 + $1) * plane).vector
                } store: {
                    (outputs + ($0 * 4 + $1) * 16).vector = $2 + bias
                }
                for y in 0..<min(2, height - top) {
                    for x in 0..<min(2, width - left) {
                        let at = (((top + y) * width + left + x) * n + i) * oc
                        Largest(outputs + (y * 8 + x * 2) * 16, right: 16, below: 64)
                            .write(to: output + at, argmax + at)
                    }
                }
            }
        }
    }
}
