// SPDX-License-Identifier: Apache-2.0
//
// Average pools of any window, stride and padding; a global one has the whole image as its window.

import Tensors

enum AveragePool {
    /// out[y, x, n, c] = Σ in[y', x', n, c] / (number of taps inside the image)
    @inline(never)
    static func forward(_ g: PoolGeometry, _ input: Source, into output: Target) {
        let vertical = g.vertical, horizontal = g.horizontal, pixel = g.images * g.channels
        for y in 0..<g.outputHeight {
            let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
            for x in 0..<g.outputWidth {
                let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                let taps = Vector(Float(rows.count * columns.count))
                let out = output + (y * g.outputWidth + x) * pixel
                func average<let R: Int>(_ q: Int, _: Line<R>.Type) {
                    var sums = Line<R>(repeating: Vector())
                    for ky in rows {
                        for kx in columns {
                            let at = ((top + ky) * g.inputWidth + left + kx) * pixel + q
                            for r in 0..<R { sums[r] += (input + at + 16 * r).vector }
                        }
                    }
                    for r in 0..<R { (out + q + 16 * r).vector = sums[r] / taps }
                }
                eachLine(pixel, wide: { average($0, $1) }, narrow: { average($0, $1) })
            }
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, c] / (taps of that output) over the windows that hold it.
    @inline(never)
    static func backward(
        _ g: PoolGeometry, _ gradient: Source, adding: Bool, into result: Target
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
                        let height = vertical.taps(ofOutput: oy).count
                        for ox in columns {
                            let taps = height * horizontal.taps(ofOutput: ox).count
                            let at = (oy * g.outputWidth + ox) * pixel + q
                            sum += (gradient + at).vector / Vector(Float(taps))
                        }
                    }
                    (to + q).vector = sum
                }
            }
        }
    }
}
