// SPDX-License-Identifier: Apache-2.0
//
// The gradients of a direct convolution's weights and bias. The rows of a register tile are input
// channels of one tap; the sum runs over images and pixels of an output row.

import Tensors

extension Direct {
    /// The rows and columns of outputs that are a run.
    static func area(_ g: ConvGeometry) -> (rows: Int, columns: Int) {
        let run = ConvGeometry.directRun
        let columns = min(g.convWidth, max(1, run / g.images))
        return (columns < g.convWidth ? 1 : max(1, run / (g.convWidth * g.images)), columns)
    }

    /// - Parameter transposed: The weights as `transpose` makes them; nil if nobody wants the input's
    ///   gradient, or if they are transposed in passing.
    static func backward(
        _ g: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients,
        _ transposed: Source?
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        biasGradient(g, gradients)
        let sums = gradients.weights.baseAddress!
        if g.sumsAtOnce {
            sums.update(from: gradient, count: g.outputCount)
        } else {
            add(
                g, Rows(operands.input.baseAddress!, gradient), 0..<g.outputChannels / 16, to: sums)
            if !g.areGroupsAligned { clearStrangers(g, sums) }
        }
        if g.transposesInPassing {
            inputGradient(
                g, gradient, transposing: operands.weights.baseAddress!,
                by: operands.scratch.baseAddress!, adding: gradients.addsToInput,
                into: gradients.inputGradient.baseAddress!)
        } else if let transposed {
            inputGradient(
                g, gradient, transposed, adding: gradients.addsToInput,
                into: gradients.inputGradient.baseAddress!)
        }
    }

    /// The weight gradient of a shard, out of what its blocks kept.
    static func finish(
        _ g: ConvGeometry, _ shard: Source, blocks: Int, adding: Bool, into weights: Target
    ) {
        add(g, rows(g, shard, blocks), 0..<g.outputChannels / 16, to: weights, starts: !adding)
    }

    /// The same for a part of the weights: whole tiles.
    @inline(never)
    static func finish(
        _ g: ConvGeometry, _ shard: Source, blocks: Int, part: Range<Int>, into weights: Target
    ) {
        let rows = rows(g, shard, blocks), weights = weights - part.lowerBound
        let depth = g.inputDepth, taps = g.kernelHeight * g.kernelWidth
        var row = part.lowerBound / 16
        while row < part.upperBound / 16 {
            let (block, tap) = (row / depth / taps, row / depth % taps), first = row % depth
            let end = min(depth, first + part.upperBound / 16 - row)
            add(
                g, rows, to: weights + (row - first) * 16, starts: true, 0..<g.convHeight,
                0..<g.convWidth, (tap / g.kernelWidth, tap % g.kernelWidth), first..<end,
                from: block, columns: Line<1>.self)
            row += end - first
        }
    }

    private static func rows(_ g: ConvGeometry, _ shard: Source, _ blocks: Int) -> Rows {
        let (kept, gradient) = g.rows(ofBlock: 0)
        return Rows(
            shard + kept.lowerBound, shard + gradient.lowerBound, blocks: blocks,
            apart: g.rowsCount)
    }

    /// The inputs and the gradients of the outputs of one or more blocks.
    struct Rows {
        let input: Source, gradient: Source
        let blocks: Int, apart: Int
        init(_ input: Source, _ gradient: Source, blocks: Int = 1, apart: Int = 0) {
            (self.input, self.gradient) = (input, gradient)
            (self.blocks, self.apart) = (blocks, apart)
        }
    }

    /// dw[o / 16][ky][kx][c][o % 16] += Σ in[y', x', n, c] * dOut[y, x, n, o], from zero on if it `starts`;
    /// then, and where there are several blocks, the outputs have to be one area.
    ///
    /// - Parameter outputs: Blocks of 16 output channels.
    @inline(never)
    static func add(
        _ g: ConvGeometry, _ rows: Rows, _ outputs: Range<Int>, to weights: Target,
        starts: Bool = false
    ) {
        let area = area(g)
        for top in stride(from: 0, to: g.convHeight, by: area.rows) {
            for left in stride(from: 0, to: g.convWidth, by: area.columns) {
                let ys = top..<min(top + area.rows, g.convHeight)
                let xs = left..<min(left + area.columns, g.convWidth)
                for ky in 0..<g.kernelHeight {
                    eachPanel(of: outputs.count, apart: g.groups != nil) {
                        add(
                            g, rows, to: weights, starts, ys, xs, ky,
                            from: outputs.lowerBound + $0, columns: Columns.self)
                    } alone: {
                        add(
                            g, rows, to: weights, starts, ys, xs, ky,
                            from: outputs.lowerBound + $0, columns: Line<1>.self)
                    }
                }
            }
        }
    }

    /// What an area of outputs adds through row `ky` of the taps, for `P` blocks of output channels.
    @inline(always)
    private static func add<let P: Int>(
        _ g: ConvGeometry, _ rows: Rows, to weights: Target, _ starts: Bool, _ ys: Range<Int>,
        _ xs: Range<Int>, _ ky: Int, from block: Int, columns: Line<P>.Type
    ) {
        let depth = g.inputDepth, first = (block * g.kernelHeight + ky) * g.kernelWidth
        for kx in 0..<g.kernelWidth {
            add(
                g, rows, to: weights + (first + kx) * depth * 16, starts: starts, ys, xs, (ky, kx),
                0..<depth, from: block, columns: columns)
        }
    }

    /// Through one tap, for some of its input channels.
    ///
    /// - Parameter weights: Those of the tap and of the first block.
    @inline(always)
    private static func add<let P: Int>(
        _ g: ConvGeometry, _ rows: Rows, to weights: Target, starts: Bool, _ ys: Range<Int>,
        _ xs: Range<Int>, _ tap: (ky: Int, kx: Int), _ channels: Range<Int>, from block: Int,
        columns: Line<P>.Type
    ) {
        let ys = ys.clamped(to: g.vertical.outputs(ofTap: tap.ky))
        let xs = xs.clamped(to: g.horizontal.outputs(ofTap: tap.kx))
        if (xs.isEmpty || ys.isEmpty) && !starts { return }
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let next = g.kernelHeight * g.kernelWidth * g.inputDepth * 16
        // With stride 1 the images of neighbouring pixels follow each other in both operands.
        let (runs, length) = g.strideX == 1 ? (1, xs.count * n) : (xs.count, n)
        let top = ys.lowerBound * g.strideY + tap.ky * g.dilationY - g.padTop
        let left = xs.lowerBound * g.strideX + tap.kx * g.dilationX - g.padLeft
        let a = rows.input + (top * g.inputWidth + left) * n * ic + g.inputStart(ofBlock: block)
        let b = rows.gradient + (ys.lowerBound * g.convWidth + xs.lowerBound) * n * oc + block * 16
        for c in stride(from: channels.lowerBound, to: channels.upperBound, by: Tile.count) {
            let sum = weights + c * 16
            var acc = Tiles<P> { starts ? Tile(repeating: Vector()) : load(sum + $0 * next, 16) }
            for block in 0..<rows.blocks {
                for y in 0..<ys.count {
                    let a = a + block * rows.apart + y * g.strideY * g.inputWidth * n * ic + c
                    let b = b + block * rows.apart + y * g.convWidth * n * oc
                    for x in 0..<runs {
                        outer(&acc, a + x * g.strideX * n * ic, ic, length, b + x * n * oc, oc)
                    }
                }
            }
            unrolled(Line<P>.self) { p in store(acc[p], sum + p * next, 16) }
        }
    }

    /// Stops the gradient where the activation stopped the signal, in place, and adds the rest to the bias,
    /// where there is one.
    @inline(never)
    static func biasGradient(_ g: ConvGeometry, _ gradients: ConvGradients) {
        let gated = g.activation != .linear, limit = Limit(g.activation)
        let bias = gradients.bias.isEmpty ? nil : gradients.bias.baseAddress
        guard gated || bias != nil else { return }
        let output = gradients.output.baseAddress!, gradient = gradients.outputGradient.baseAddress!
        let oc = g.outputChannels, pixels = g.convHeight * g.convWidth * g.images
        let run = max(1, 8192 / oc)
        for first in stride(from: 0, to: pixels, by: run) {
            for c in stride(from: 0, to: oc, by: 16) {
                var sum = bias.map { ($0 + c).vector } ?? Vector()
                for p in first..<min(first + run, pixels) {
                    let at = gradient + p * oc + c
                    if gated {
                        at.vector = limit.backward(at.vector, output: (output + p * oc + c).vector)
                    }
                    sum += at.vector
                }
                if let bias { (bias + c).vector = sum }
            }
        }
    }
}
