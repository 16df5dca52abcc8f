// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution: any kernel, stride and padding. Lanes are channels, each with its own filter. The
// rows of a tile share the weights that have been loaded: they are pixels side by side, which share inputs
// too, or at borders and with strides the images of one pixel.

import Tensors

enum Depthwise {
    /// The rows of a tile.
    typealias Sums = Line<4>

    /// out[y, x, n, c] = epilogue(Σ in[y', x', n, c] * w[ky, kx, c])
    static func forward(
        _ g: ConvGeometry, _ input: Source, _ weights: Source, _ epilogue: Epilogue,
        into output: Target
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, channels = g.inputChannels
        let pixel = g.images * channels, line = g.inputWidth * pixel
        eachSlice(of: g) { images in
            for y in 0..<g.convHeight {
                let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
                var x = 0
                while x < g.convWidth {
                    let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                    let isRun =
                        x + Sums.count <= g.convWidth
                        && horizontal.taps(ofOutput: x + Sums.count - 1) == columns
                    let row = top + rows.lowerBound * g.dilationY
                    let column = left + columns.lowerBound * g.dilationX
                    let places = Places(
                        from: (row * g.inputWidth + column) * pixel, right: g.dilationX * pixel,
                        below: g.dilationY * line, apart: isRun ? g.strideX * pixel : channels,
                        to: (y * g.convWidth + x) * pixel, next: isRun ? pixel : channels,
                        images: images, isRun: isRun, channels: channels)
                    let filter = Filter(
                        weights + (rows.lowerBound * g.kernelWidth + columns.lowerBound) * 16,
                        rows: rows.count, columns: columns.count, nextColumn: 16,
                        nextRow: g.kernelWidth * 16, taps: g.kernelHeight * g.kernelWidth)
                    forward(places, filter, input, epilogue, into: output)
                    x += isRun ? Sums.count : 1
                }
            }
        }
    }

    /// By the columns that a filter has, and the pixels from an output to the next.
    private static func forward(
        _ places: Places, _ filter: Filter, _ input: Source, _ epilogue: Epilogue,
        into output: Target
    ) {
        let step = places.isRun ? places.apart : 0
        switch (filter.columns, step) {
        case (3, places.right):
            forward(places, filter, input, epilogue, into: output, Line<3>.self, by: Line<1>.self)
        case (3, 2 * places.right):
            forward(places, filter, input, epilogue, into: output, Line<3>.self, by: Line<2>.self)
        case (5, places.right):
            forward(places, filter, input, epilogue, into: output, Line<5>.self, by: Line<1>.self)
        default:
            forward(places, filter, input, epilogue, into: output, Line<0>.self, by: Line<0>.self)
        }
    }

    @inline(never)
    private static func forward<let K: Int, let S: Int>(
        _ places: Places, _ filter: Filter, _ input: Source, _ epilogue: Epilogue,
        into output: Target, _ columns: Line<K>.Type, by step: Line<S>.Type
    ) {
        for i in places.tiles {
            for c in stride(from: 0, to: places.channels, by: 16) {
                let place = i * places.channels + c, at = input + (places.from + place)
                let to = output + (places.to + place)
                if S > 0 && places.isShort {
                    // What the next run reads for the first time, and where it writes.
                    for ky in max(0, filter.rows - S)..<filter.rows {
                        for x in 0..<Sums.count * S {
                            let column = (Sums.count - 1) * S + K + x
                            (at + (ky * places.below + column * places.right)).prefetch(16)
                        }
                    }
                    for r in 0..<Sums.count {
                        Source(to + (Sums.count + r) * places.next).prefetch(16)
                    }
                }
                let sums = sum(
                    Sums(repeating: epilogue.start(c)), at, places, filter.of(c), columns,
                    by: step)
                for r in 0..<Sums.count {
                    epilogue.complete(sums[r], c, to: to + r * places.next)
                }
            }
        }
    }

    /// sums[r] + Σ a[r * apart + ky * below + kx * right] * w[ky, kx]. `K` is the number of columns where the
    /// loop over them is to unroll, else 0; outputs are `S` columns apart then, and share them.
    @inline(always)
    static func sum<let K: Int, let S: Int>(
        _ sums: Sums, _ a: Source, _ places: Places, _ filter: Filter, _: Line<K>.Type,
        by _: Line<S>.Type
    ) -> Sums {
        var sums = sums, line = a, weights = filter.weights
        for _ in 0..<filter.rows {
            if K > 0 {
                for kx in 0..<K {
                    let w = (weights + kx * filter.nextColumn).vector
                    for r in 0..<Sums.count {
                        let at = line + (r * S + kx) * places.right
                        sums[r] = sums[r].plus(at.vector, times: w)
                    }
                }
            } else {
                var at = line, from = weights
                for _ in 0..<filter.columns {
                    let w = from.vector
                    for r in 0..<Sums.count {
                        sums[r] = sums[r].plus((at + r * places.apart).vector, times: w)
                    }
                    at += places.right
                    from += filter.nextColumn
                }
            }
            line += places.below
            weights += filter.nextRow
        }
        return sums
    }

    /// Where the rows of tiles lie that have the same taps: all channels of some images.
    struct Places {
        /// The first tap of the first row in what is read; to the next tap, tap below, and row of the tile.
        let from: Int, right: Int, below: Int, apart: Int
        /// The first row in what is written, and to the next one.
        let to: Int, next: Int
        let images: Range<Int>
        /// Whether rows are pixels, not images.
        let isRun: Bool
        let channels: Int

        /// Whether the next run comes so soon that it is worth asking for. What is long the machine foresees, and
        /// what is asked for too early is gone again.
        var isShort: Bool { isRun && Depthwise.isShort(images.count * channels) }

        /// The first image of each tile.
        @inline(always) var tiles: StrideTo<Int> {
            stride(
                from: images.lowerBound, to: images.upperBound, by: isRun ? 1 : Sums.count)
        }
    }

    /// Those taps of the filters that count.
    struct Filter {
        /// Of the first 16 channels.
        let weights: Source
        let rows: Int, columns: Int
        let nextColumn: Int, nextRow: Int
        let taps: Int

        init(
            _ weights: Source, rows: Int, columns: Int, nextColumn: Int, nextRow: Int, taps: Int
        ) {
            self.weights = weights
            (self.rows, self.columns) = (rows, columns)
            (self.nextColumn, self.nextRow) = (nextColumn, nextRow)
            self.taps = taps
        }

        /// Those of the 16 channels from `channel` on.
        @inline(always)
        func of(_ channel: Int) -> Filter {
            Filter(
                weights + channel * taps, rows: rows, columns: columns, nextColumn: nextColumn,
                nextRow: nextRow, taps: taps)
        }
    }

    /// See `Places.isShort`; of so many floats of a pixel.
    static func isShort(_ floats: Int) -> Bool { floats <= 512 }

    /// Calls `body` with some images at a time, so that what a row of outputs reads stays near until the
    /// next row reads it again.
    @inline(always)
    private static func eachSlice(of g: ConvGeometry, _ body: (Range<Int>) -> Void) {
        let near = 1 << 17, rows = g.kernelHeight * g.inputWidth * g.inputChannels
        let slice = max(1, near / rows / Sums.count) * Sums.count
        for first in stride(from: 0, to: g.images, by: slice) {
            body(first..<min(first + slice, g.images))
        }
    }
}
