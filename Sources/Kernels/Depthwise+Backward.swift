// SPDX-License-Identifier: Apache-2.0
//
// The backward pass of a depthwise convolution, and in it the gradient of the input: a forward pass over those
// pixels that the same taps reach.

import Tensors

extension Depthwise {
    static func backward(
        _ g: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients
    ) {
        let gradient = Source(gradients.outputGradient.baseAddress!)
        Direct.biasGradient(g, gradients)
        // Both gradients go through the rows together, so that they come from memory once.
        for first in stride(from: 0, to: g.images, by: run) {
            var done = 0
            for y in 0..<g.convHeight {
                addRow(
                    g, operands.input.baseAddress!, gradient, y, from: first,
                    to: gradients.weights.baseAddress!)
                guard g.needsInputGradient else { continue }
                // Rows of the input that no later row of the output reads.
                let end =
                    y + 1 == g.convHeight
                    ? g.inputHeight
                    : max(done, min(g.inputHeight, (y + 1) * g.strideY - g.padTop))
                for row in done..<end {
                    inputGradient(
                        g, gradient, operands.weights.baseAddress!, row, first..<first + run,
                        adding: gradients.addsToInput, into: gradients.inputGradient.baseAddress!)
                }
                done = end
            }
        }
    }

    /// dIn[y, x', n, c] = Σ dOut[y', x, n, c] * w[ky, kx, c], or += that if `adding`, for a row of some images.
    ///
    /// The pixels that some taps reach are every `stride`-th. For them it is a forward pass from the last to the
    /// first.
    private static func inputGradient(
        _ g: ConvGeometry, _ gradient: Source, _ weights: Source, _ y: Int, _ images: Range<Int>,
        adding: Bool, into result: Target
    ) {
        let vertical = g.vertical, horizontal = g.horizontal, channels = g.inputChannels
        let pixel = g.images * channels, stride = g.strideX
        let rows = vertical.taps(ofInput: y)
        let row = vertical.output(ofInput: y, tap: rows.first)
        for phase in 0..<min(stride, g.inputWidth) {
            var x = phase
            while x < g.inputWidth {
                let columns = horizontal.taps(ofInput: x)
                let end = x + (Sums.count - 1) * stride
                let isRun = end < g.inputWidth && horizontal.taps(ofInput: end) == columns
                let last = isRun ? end : x
                let column = horizontal.output(ofInput: last, tap: columns.first)
                let places = Places(
                    from: (row * g.convWidth + column) * pixel, right: -g.dilationX * pixel,
                    below: -g.dilationY * g.convWidth * pixel, apart: isRun ? -pixel : channels,
                    to: (y * g.inputWidth + last) * pixel,
                    next: isRun ? -stride * pixel : channels, images: images, isRun: isRun,
                    channels: channels)
                let filter = Filter(
                    weights + (rows.first * g.kernelWidth + columns.first) * 16,
                    rows: count(rows, by: g.strideY), columns: count(columns, by: stride),
                    nextColumn: stride * 16, nextRow: g.strideY * g.kernelWidth * 16,
                    taps: g.kernelHeight * g.kernelWidth)
                inputGradient(places, filter, gradient, adding: adding, into: result)
                x += (isRun ? Sums.count : 1) * stride
            }
        }
    }

    /// Every `stride`-th tap from the first on.
    private static func count(_ taps: (first: Int, end: Int), by stride: Int) -> Int {
        max(0, (taps.end - taps.first + stride - 1) / stride)
    }

    private static func inputGradient(
        _ places: Places, _ filter: Filter, _ gradient: Source, adding: Bool, into result: Target
    ) {
        switch (filter.columns, places.isRun && places.apart == places.right) {
        case (1, true):
            inputGradient(
                places, filter, gradient, adding: adding, into: result, Line<1>.self,
                by: Line<1>.self)
        case (2, true):
            inputGradient(
                places, filter, gradient, adding: adding, into: result, Line<2>.self,
                by: Line<1>.self)
        case (3, true):
            inputGradient(
                places, filter, gradient, adding: adding, into: result, Line<3>.self,
                by: Line<1>.self)
        case (5, true):
            inputGradient(
                places, filter, gradient, adding: adding, into: result, Line<5>.self,
                by: Line<1>.self)
        default:
            inputGradient(
                places, filter, gradient, adding: adding, into: result, Line<0>.self,
                by: Line<0>.self)
        }
    }

    @inline(never)
    private static func inputGradient<let K: Int, let S: Int>(
        _ places: Places, _ filter: Filter, _ gradient: Source, adding: Bool,
        into result: Target, _ columns: Line<K>.Type, by step: Line<S>.Type
    ) {
        for i in places.tiles {
            for c in stride(from: 0, to: places.channels, by: 16) {
                let place = i * places.channels + c, to = result + (places.to + place)
                if S > 0 && places.isShort {
                    // Where the next run writes.
                    for r in 0..<Sums.count {
                        Source(to + (r - Sums.count) * places.next).prefetch(16)
                    }
                }
                let sums = sum(
                    adding ? load(to, places.next) : Sums(repeating: Vector()),
                    gradient + (places.from + place), places, filter.of(c), columns, by: step)
                store(sums, to, places.next)
            }
        }
    }
}
