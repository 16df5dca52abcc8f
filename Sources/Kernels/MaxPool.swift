// SPDX-License-Identifier: Apache-2.0
//
// Max pools of any window, stride and padding.

import Tensors

enum MaxPool {
    /// out[y, x, n, c] = max in[y', x', n, c] over the taps inside the image; of equals the first wins. The
    /// smallest is the one whose negative is the largest.
    @inline(never)
    static func forward(
        _ g: PoolGeometry, _ input: Source, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, pixel = g.images * g.channels
        let sign = Vector(g.takesSmallest ? -1 : 1), upper = argmax + g.outputCount
        for y in 0..<g.outputHeight {
            let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
            for x in 0..<g.outputWidth {
                let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                let out = (y * g.outputWidth + x) * pixel
                let first = (top + rows.lowerBound) * g.inputWidth + left + columns.lowerBound
                func largest<let R: Int>(_ q: Int, _: Line<R>.Type) {
                    var largest: Line<R> = load(input + first * pixel + q, 16)
                    for r in 0..<R { largest[r] = sign * largest[r] }
                    var choices = Line<R>(
                        repeating: bits(rows.lowerBound * g.windowWidth + columns.lowerBound))
                    for ky in rows {
                        for kx in columns {
                            let at = ((top + ky) * g.inputWidth + left + kx) * pixel + q
                            let choice = bits(ky * g.windowWidth + kx)
                            for r in 0..<R {
                                let value = sign * (input + at + 16 * r).vector
                                let wins = (value .> largest[r]) .| (value .!= value)
                                largest[r] = largest[r].replacing(with: value, where: wins)
                                choices[r] = choices[r].replacing(with: choice, where: wins)
                            }
                        }
                    }
                    for r in 0..<R {
                        let to = out + q + 16 * r
                        (output + to).vector = sign * largest[r]
                        let taps = unsafeBitCast(choices[r], to: Integers.self)
                        store(taps, to: argmax + to)
                        if g.hasWideTaps {
                            store(taps &>> Integers(repeating: 8), to: upper + to)
                        }
                    }
                }
                eachLine(pixel, wide: { largest($0, $1) }, narrow: { largest($0, $1) })
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
        let upper = argmax + g.outputCount
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
                            var choice = integers(argmax + at)
                            if g.hasWideTaps {
                                choice |= integers(upper + at) &<< Integers(repeating: 8)
                            }
                            sum += (gradient + at).vector.keeping(choice .== tap)
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
