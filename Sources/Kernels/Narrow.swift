// SPDX-License-Identifier: Apache-2.0
//
// First layers: images of C = 1 to 4 channels, any kernel and stride, an activation and an optional 2x2
// pool. A dense layer on the flattened images is one of them.

import Tensors

/// `C` is part of the type, so that the loops over channels unroll.
enum Narrow<let C: Int> {
    static func forward(
        _ g: ConvGeometry, _ frame: Frame, _ operands: ConvOperands, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>?
    ) {
        let weights = operands.weights.baseAddress!, scratch = operands.scratch.baseAddress!
        let epilogue = Epilogue(g, operands, output)
        eachPanel(of: g.outputChannels / 16) {
            forward(
                g, frame, weights, epilogue, output, argmax, scratch, from: $0,
                columns: Columns.self)
        } alone: {
            forward(
                g, frame, weights, epilogue, output, argmax, scratch, from: $0,
                columns: Line<1>.self)
        }
    }

    /// `P` blocks of output channels, the first of them `block`.
    @inline(always)
    private static func forward<let P: Int>(
        _ g: ConvGeometry, _ frame: Frame, _ weights: Source, _ epilogue: Epilogue,
        _ output: Target, _ argmax: UnsafeMutablePointer<UInt8>?, _ scratch: Target,
        from block: Int, columns: Line<P>.Type
    ) {
        if g.kernelHeight == 3 && g.kernelWidth == 3 {
            forward(
                g, frame, Filters<P, 3>(g, weights, epilogue, from: block), output + block * 16,
                argmax.map { $0 + block * 16 }, scratch)
        } else {
            forward(
                g, frame, Filters<P, 0>(g, weights, epilogue, from: block), output + block * 16,
                argmax.map { $0 + block * 16 }, scratch)
        }
    }

    @inline(always)
    private static func forward<let P: Int, let K: Int>(
        _ g: ConvGeometry, _ frame: Frame, _ filters: Filters<P, K>, _ output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>?, _ scratch: Target
    ) {
        if let argmax {
            pooled(g, frame, filters, into: output, argmax, scratch)
        } else {
            plain(g, frame, filters, into: output, scratch)
        }
    }

    /// The kernels and epilogues of `P` blocks of 16 output channels. `K` is the side of the kernel where
    /// the loops over it are to unroll, else 0.
    private struct Filters<let P: Int, let K: Int> {
        private let height: Int, width: Int
        private let weights: Source, next: Int
        let epilogue: Epilogue, channel: Int

        @inline(always)
        init(_ g: ConvGeometry, _ weights: Source, _ epilogue: Epilogue, from block: Int) {
            (height, width) = (g.kernelHeight, g.kernelWidth)
            next = g.kernelHeight * g.kernelWidth * C * 16
            self.weights = weights + block * next
            self.epilogue = epilogue
            channel = block * 16
        }

        /// The sums of all taps for windows anywhere. The next tap lies `right` or `below`.
        @inline(always)
        func sums<let R: Int>(
            _ windows: InlineArray<R, Source>, right: Int, below: Int
        ) -> Panel<P, R> {
            var acc = Panel<P, R> {
                Line<R>(repeating: epilogue.start(channel + $0 * 16))
            }
            var weights = weights
            for ky in 0..<(K > 0 ? K : height) {
                for kx in 0..<(K > 0 ? K : width) {
                    for c in 0..<C {
                        let at = ky * below + kx * right + c
                        let columns: Line<P> = load(weights, next)
                        for r in 0..<R { add(&acc, row: r, windows[r][at], times: columns) }
                        weights += 16
                    }
                }
            }
            return acc
        }
    }

    /// out[y, x, n, o] = epilogue(Σ in[y', x', n, c] * w[ky, kx, c, o])
    @inline(never)
    private static func plain<let P: Int, let K: Int>(
        _ g: ConvGeometry, _ frame: Frame, _ filters: Filters<P, K>, into output: Target,
        _ sums: Target
    ) {
        let (n, oc) = (g.images, g.outputChannels), right = n * C, below = frame.width * right
        let channel = filters.channel, epilogue = filters.epilogue, floor = epilogue.floor
        for y in 0..<g.convHeight {
            for x in 0..<g.convWidth {
                let pixel = frame.base + y * g.strideY * below + x * g.strideX * right
                let out = output + (y * g.convWidth + x) * n * oc
                for i in stride(from: 0, to: n, by: Tile.count) {
                    let acc: Tiles<P> = filters.sums(
                        .init { pixel + (i + $0) * C }, right: right * g.dilationX,
                        below: below * g.dilationY)
                    if epilogue.isPlain {
                        for r in 0..<Tile.count {
                            for p in 0..<P {
                                (out + (i + r) * oc + p * 16).vector = acc[p][r].raised(to: floor)
                            }
                        }
                        continue
                    }
                    // By way of a scratch, so that the sums above stay in registers.
                    for p in 0..<P { store(acc[p], sums + p * Tile.count * 16, 16) }
                    for p in 0..<P {
                        for r in 0..<Tile.count {
                            epilogue.complete(
                                (sums + (p * Tile.count + r) * 16).vector, channel + p * 16,
                                to: out + (i + r) * oc + p * 16)
                        }
                    }
                }
            }
        }
    }

    /// The same with ReLU and a pool: the rows of the tile are the four pixels of a pool window, so that
    /// `sums`, a scratch for one tile, is all that ever holds what comes before the pool.
    @inline(never)
    private static func pooled<let P: Int, let K: Int>(
        _ g: ConvGeometry, _ frame: Frame, _ filters: Filters<P, K>, into output: Target,
        _ argmax: UnsafeMutablePointer<UInt8>, _ sums: Target
    ) {
        let (n, oc) = (g.images, g.outputChannels), right = n * C, below = frame.width * right
        for y in 0..<g.outputHeight {
            for x in 0..<g.outputWidth {
                let pixel = frame.base + y * 2 * g.strideY * below + x * 2 * g.strideX * right
                let at = (y * g.outputWidth + x) * n * oc
                for i in stride(from: 0, to: n, by: Tile.count / 4) {
                    let acc: Tiles<P> = filters.sums(
                        .init { row in
                            let across = row % 2 * g.strideX * right
                            let down = row / 2 % 2 * g.strideY * below
                            return pixel + (across + down + (i + row / 4) * C)
                        }, right: right * g.dilationX, below: below * g.dilationY)
                    for p in 0..<P { store(acc[p], sums + p * Tile.count * 16, 16) }
                    for p in 0..<P {
                        for r in 0..<Tile.count / 4 {
                            let to = at + (i + r) * oc + p * 16
                            Largest(sums + (p * Tile.count + r * 4) * 16, right: 16, below: 32)
                                .write(to: output + to, argmax + to)
                        }
                    }
                }
            }
        }
    }
}

/// The input of a narrow convolution as it reads it: `width` pixels across, no tap outside.
struct Frame {
    let base: Source
    let width: Int

    /// The input itself if no tap leaves it, else its copy in `kept`.
    @inline(always)
    init(_ g: ConvGeometry, _ operands: ConvOperands) {
        let framed = g.isFramed
        base = framed ? Source(operands.kept.baseAddress!) : operands.input.baseAddress!
        width = framed ? g.frameWidth : g.inputWidth
    }

    /// Copies the input into a frame of zeros.
    @inline(never)
    static func fill(_ g: ConvGeometry, _ input: Source, into kept: Target) {
        let pixel = g.images * g.inputChannels, width = g.frameWidth
        let left = g.padLeft * pixel, row = g.inputWidth * pixel
        let copied = min(row, width * pixel - left)
        for y in 0..<g.frameHeight {
            let to = kept + y * width * pixel, from = y - g.padTop
            if from < 0 || from >= g.inputHeight {
                for i in 0..<width * pixel { to[i] = 0 }
                continue
            }
            for i in 0..<left { to[i] = 0 }
            for i in 0..<copied { to[left + i] = input[from * row + i] }
            for i in left + copied..<width * pixel { to[i] = 0 }
        }
    }
}
