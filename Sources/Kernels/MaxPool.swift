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
                    var largest = Vector(), choice = Integers(repeating: -1)
                    for ky in rows {
                        for kx in columns {
                            let value =
                                (input + ((top + ky) * g.inputWidth + left + kx) * pixel + q).vector
                            let tap = Integers(repeating: Int32(ky * g.windowWidth + kx))
                            let wins =
                                (value .> largest) .| (value .!= value) .| (choice .< Integers())
                            largest.replace(with: value, where: wins)
                            choice.replace(with: tap, where: wins)
                        }
                    }
                    (output + out + q).vector = largest
                    store(choice, to: argmax + out + q)
                }
            }
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, c] over the windows whose maximum it was, in their order.
    @inline(never)
    static func backward(
        _ g: PoolGeometry, _ gradient: Source, _ argmax: UnsafePointer<UInt8>, into result: Target
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, pixel = g.images * g.channels
        for y in 0..<g.inputHeight {
            let rows = vertical.outputs(ofInput: y)
            for x in 0..<g.inputWidth {
                let columns = horizontal.outputs(ofInput: x)
                for q in stride(from: 0, to: pixel, by: 16) {
                    var sum = Vector()
                    for oy in rows {
                        for ox in columns {
                            let ky = y + g.padTop - oy * g.strideY
                            let kx = x + g.padLeft - ox * g.strideX
                            let at = (oy * g.outputWidth + ox) * pixel + q
                            let tap = Integers(repeating: Int32(ky * g.windowWidth + kx))
                            sum += (gradient + at).vector.keeping(integers(argmax + at) .== tap)
                        }
                    }
                    (result + (y * g.inputWidth + x) * pixel + q).vector = sum
                }
            }
        }
    }
}
