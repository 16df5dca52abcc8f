// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution: any kernel, stride and padding. The rows of a register tile are images at one
// pixel, so every row of it sees the same taps, and a border costs less work instead of padding.

import Tensors

enum Direct {
    /// out[y, x, n, o] = epilogue(Σ in[y', x', n, c] * w[ky, kx, c, o])
    static func forward(
        _ g: ConvGeometry, _ input: Source, _ weights: Source, _ epilogue: Epilogue,
        into output: Target
    ) {
        eachPanel(of: g.outputChannels / 16, apart: g.groups != nil) {
            forward(g, input, weights, epilogue, into: output, from: $0, columns: Columns.self)
        } alone: {
            forward(g, input, weights, epilogue, into: output, from: $0, columns: Line<1>.self)
        }
    }

    /// `P` blocks of output channels, the first of them `block`.
    @inline(never)
    private static func forward<let P: Int>(
        _ g: ConvGeometry, _ input: Source, _ weights: Source, _ epilogue: Epilogue,
        into output: Target, from block: Int, columns: Line<P>.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let depth = g.inputDepth, input = input + g.inputStart(ofBlock: block)
        let next = g.kernelHeight * g.kernelWidth * depth * 16
        let weights = weights + block * next, channel = block * 16
        let (below, right) = (g.dilationY * g.inputWidth * n * ic, g.dilationX * n * ic)
        for y in 0..<g.convHeight {
            let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
            for x in 0..<g.convWidth {
                let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                let pixel = output + (y * g.convWidth + x) * n * oc + channel
                let window = input + (top * g.inputWidth + left) * n * ic
                for i in stride(from: 0, to: n, by: Tile.count) {
                    var acc = Tiles<P> { Tile(repeating: epilogue.start(channel + $0 * 16)) }
                    for ky in rows {
                        for kx in columns {
                            dot(
                                &acc, window + (ky * below + kx * right + i * ic), ic, depth,
                                weights + (ky * g.kernelWidth + kx) * depth * 16, next: next)
                        }
                    }
                    unrolled(Line<P>.self) { p in
                        for r in 0..<Tile.count {
                            epilogue.complete(
                                acc[p][r], channel + p * 16, to: pixel + (i + r) * oc + p * 16)
                        }
                    }
                }
            }
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, o] * wᵀ[ky, kx, o, c], or += that if `adding`, or what an epilogue
    /// makes of it.
    static func inputGradient(
        _ g: ConvGeometry, _ gradient: Source, _ transposed: Source, adding: Bool = false,
        _ epilogue: Epilogue? = nil, into result: Target
    ) {
        eachPanel(of: g.inputChannels / 16, apart: g.groups != nil) {
            inputGradient(
                g, gradient, transposed, adding: adding, epilogue, into: result, from: $0,
                columns: Columns.self)
        } alone: {
            inputGradient(
                g, gradient, transposed, adding: adding, epilogue, into: result, from: $0,
                columns: Line<1>.self)
        }
    }

    /// `P` blocks of input channels, the first of them `block`.
    @inline(never)
    private static func inputGradient<let P: Int>(
        _ g: ConvGeometry, _ gradient: Source, _ transposed: Source, adding: Bool,
        _ epilogue: Epilogue?, into result: Target, from block: Int, columns: Line<P>.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let depth = g.outputDepth, gradient = gradient + g.outputStart(ofBlock: block)
        let next = g.kernelHeight * g.kernelWidth * depth * 16
        let weights = transposed + block * next, channel = block * 16
        for y in 0..<g.inputHeight {
            let (top, bottom) = vertical.taps(ofInput: y)
            for x in 0..<g.inputWidth {
                let (left, right) = horizontal.taps(ofInput: x)
                let pixel = result + (y * g.inputWidth + x) * n * ic + channel
                for i in stride(from: 0, to: n, by: Tile.count) {
                    var acc = Tiles<P> { p in
                        adding
                            ? load(pixel + i * ic + p * 16, ic) as Tile
                            : Tile(repeating: epilogue?.start(channel + p * 16) ?? Vector())
                    }
                    var ky = top, row = vertical.output(ofInput: y, tap: top)
                    while ky < bottom {
                        var kx = left, column = horizontal.output(ofInput: x, tap: left)
                        while kx < right {
                            dot(
                                &acc, gradient + ((row * g.convWidth + column) * n + i) * oc, oc,
                                depth, weights + (ky * g.kernelWidth + kx) * depth * 16,
                                next: next)
                            kx += g.strideX
                            column -= g.dilationX
                        }
                        ky += g.strideY
                        row -= g.dilationY
                    }
                    unrolled(Line<P>.self) { p in
                        let to = pixel + i * ic + p * 16
                        guard let epilogue else { return store(acc[p], to, ic) }
                        for r in 0..<Tile.count {
                            epilogue.complete(acc[p][r], channel + p * 16, to: to + r * ic)
                        }
                    }
                }
            }
        }
    }

    /// The same for one output pixel that sees the whole image, from weights as they are: those of a panel are
    /// transposed in the scratch, for all images.
    static func inputGradient(
        _ g: ConvGeometry, _ gradient: Source, transposing weights: Source, by scratch: Target,
        adding: Bool, into result: Target
    ) {
        for tap in 0..<g.kernelHeight * g.kernelWidth {
            let weights = weights + tap * g.inputChannels * 16
            let pixel = result + tap * g.images * g.inputChannels
            eachPanel(of: g.inputChannels / 16) {
                inputGradient(
                    g, gradient, weights, scratch, adding: adding, into: pixel, from: $0,
                    columns: Columns.self)
            } alone: {
                inputGradient(
                    g, gradient, weights, scratch, adding: adding, into: pixel, from: $0,
                    columns: Line<1>.self)
            }
        }
    }

    /// `P` blocks of input channels of a pixel, the first of them `block`.
    @inline(never)
    private static func inputGradient<let P: Int>(
        _ g: ConvGeometry, _ gradient: Source, _ weights: Source, _ scratch: Target, adding: Bool,
        into pixel: Target, from block: Int, columns: Line<P>.Type
    ) {
        let (ic, oc) = (g.inputChannels, g.outputChannels), channel = block * 16
        let apart = g.kernelHeight * g.kernelWidth * ic * 16
        for o in 0..<oc / 16 {
            let rows = weights + o * apart + channel * 16
            // Panels follow each other, to the next pixel.
            (rows + P * 256).prefetch(P * 256)
            unrolled(Line<P>.self) { p in
                store(transposed(load(rows + p * 256, 16)), scratch + (p * oc + o * 16) * 16, 16)
            }
        }
        for i in stride(from: 0, to: g.images, by: Tile.count) {
            let to = pixel + i * ic + channel
            var acc = Tiles<P> {
                adding ? load(to + $0 * 16, ic) as Tile : Tile(repeating: Vector())
            }
            dot(&acc, gradient + i * oc, oc, oc, Source(scratch), next: oc * 16)
            unrolled(Line<P>.self) { p in store(acc[p], to + p * 16, ic) }
        }
    }

    /// w[oc / 16][tap][ic][16] -> wᵀ[ic / 16][tap][oc][16]
    @inline(never)
    static func transpose(_ g: ConvGeometry, _ weights: Source, into result: Target) {
        guard g.areGroupsAligned else { return transposeApart(g, weights, into: result) }
        let taps = g.kernelHeight * g.kernelWidth
        let (ic, oc) = (g.inputDepth, g.outputDepth)
        for o in 0..<g.outputChannels / 16 {
            let first = g.inputStart(ofBlock: o) / 16
            for tap in 0..<taps {
                for c in 0..<ic / 16 {
                    let from = weights + ((o * taps + tap) * ic + c * 16) * 16
                    let row = o * 16 - g.outputStart(ofBlock: first + c)
                    let to = result + (((first + c) * taps + tap) * oc + row) * 16
                    store(transposed(load(from, 16)), to, 16)
                }
            }
        }
    }
}
