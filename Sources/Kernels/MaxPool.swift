// SPDX-License-Identifier: Apache-2.0
//
// Max pools of any window, stride and padding.

import Tensors

enum MaxPool {
    /// out[y, x, n, c] = max in[y', x', n, c] over the taps inside the image; of equals the first wins.
    @inline(never)
    static func forward(
        _ g: PoolGeometry, _ input: Source, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, pixel = g.images * g.channels
        for y in 0..<g.outputHeight {
            let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
            for x in 0..<g.outputWidth {
                let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                let out = (y * g.outputWidth + x) * pixel
                for q in stride(from: 0, to: pixel, by: 16) {
                    let first = (top + rows.lowerBound) * g.inputWidth + left + columns.lowerBound
                    var largest = (input + first * pixel + q).vector
                    var choice = bits(rows.lowerBound * g.windowWidth + columns.lowerBound)
                    for ky in rows {
                        for kx in columns {
                            let value =
                                (input + ((top + ky) * g.inputWidth + left + kx) * pixel + q).vector
                            let wins = (value .> largest) .| (value .!= value)
                            largest.replace(with: value, where: wins)
                            choice.replace(with: bits(ky * g.windowWidth + kx), where: wins)
                        }
                    }
                    (output + out + q).vector = largest
                    store(unsafeBitCast(choice, to: Integers.self), to: argmax + out + q)
                }
            }
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, c] over the windows whose maximum it was, in their order.
    @inline(never)
    static func backward(
        _ g: PoolGeometry, _ gradient: Source, _ argmax: UnsafePointer<UInt8>, adding: Bool,
        into result: Target
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, pixel = g.images * g.channels
        for y in 0..<g.inputHeight {
            let rows = vertical.outputs(ofInput: y)
            for x in 0..<g.inputWidth {
                let columns = horizontal.outputs(ofInput: x)
                let to = result + (y * g.inputWidth + x) * pixel
                for q in stride(from: 0, to: pixel, by: 16) {
                    var sum = adding ? (to + q).vector : Vector()
                    for oy in rows {
                        for ox in columns {
                            let ky = y + g.padTop - oy * g.strideY
                            let kx = x + g.padLeft - ox * g.strideX
                            let at = (oy * g.outputWidth + ox) * pixel + q
                            let tap = Integers(repeating: Int32(ky * g.windowWidth + kx))
                            sum += (gradient + at).vector.keeping(integers(argmax + at) .== tap)
                        }
                    }
                    (to + q).vector = sum
                }
            }
        }
    }

    /// A tap as the bits of floats, so that choosing it is a float blend.
    @inline(always)
    private static func bits(_ tap: Int) -> Vector {
        unsafeBitCast(Integers(repeating: Int32(truncatingIfNeeded: tap)), to: Vector.self)
    }
}
