// SPDX-License-Identifier: Apache-2.0
//
// Numbers of images in rows of another length.

import Tensors

enum Repack {
    /// result[e / channels, n, e % channels] = values[e / channels', n, e % channels'], element by element e.
    @inline(never)
    static func run(
        _ input: PixelRows, _ output: PixelRows, images: Int, _ values: Source, adding: Bool,
        into result: Target
    ) {
        if !adding {
            for row in 0..<output.pixels * images {
                (result + (row + 1) * output.stored - 16).vector = Vector()
            }
        }
        // From one end of a row to the next, of either kind.
        var from = 0, to = 0, c = 0, d = 0
        while to < output.pixels {
            let count = min(input.channels - c, output.channels - d)
            for n in 0..<images {
                let source = values + (from * images + n) * input.stored + c
                let target = result + (to * images + n) * output.stored + d
                if adding {
                    addRun(source, to: target, count: count)
                } else {
                    copyRun(source, to: target, count: count)
                }
            }
            c += count
            d += count
            if c == input.channels { (from, c) = (from + 1, 0) }
            if d == output.channels { (to, d) = (to + 1, 0) }
        }
    }
}
