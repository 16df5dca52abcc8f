// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution in groups so small that the channels of 16 filters lie in a vector or two. Lanes are
// filters; each takes its channels out of the vector, so that nothing is multiplied by the zeros between
// groups.

import Tensors

/// How the lanes of 16 filters find the channels that they read.
protocol LaneChannels {
    /// Channels of a filter.
    static var count: Int { get }
    /// From the first channel that 16 filters read to that of the next 16.
    static var span: Int { get }
    static func channel(_ lane: Int, _ number: Int) -> Int
    /// Of all lanes the channel of that number, out of those from `channels` on.
    static func vector(_ channels: Source, _ number: Int) -> Vector
}

/// As many filters as channels in a group.
enum Square<let W: Int>: LaneChannels {
    @inline(always) static var count: Int { W }
    @inline(always) static var span: Int { 16 }
    @inline(always) static func channel(_ lane: Int, _ number: Int) -> Int {
        lane / W * W + number
    }
    @inline(always) static func vector(_ channels: Source, _ number: Int) -> Vector {
        let x = channels.vector
        func of(_ lane: Int) -> Float { x[channel(lane, number)] }
        return Vector(
            of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7), of(8), of(9), of(10), of(11),
            of(12), of(13), of(14), of(15))
    }
}

/// Two filters for each channel.
enum Pairs: LaneChannels {
    @inline(always) static var count: Int { 1 }
    @inline(always) static var span: Int { 8 }
    @inline(always) static func channel(_ lane: Int, _: Int) -> Int { lane / 2 }
    @inline(always) static func vector(_ channels: Source, _: Int) -> Vector {
        let x = UnsafeRawPointer(channels).loadUnaligned(as: SIMD8<Float>.self)
        return Vector(
            x[0], x[0], x[1], x[1], x[2], x[2], x[3], x[3], x[4], x[4], x[5], x[5], x[6], x[6],
            x[7], x[7])
    }
}

/// The way back: each channel has two filters.
enum Halves: LaneChannels {
    @inline(always) static var count: Int { 2 }
    @inline(always) static var span: Int { 32 }
    @inline(always) static func channel(_ lane: Int, _ number: Int) -> Int { 2 * lane + number }
    @inline(always) static func vector(_ channels: Source, _ number: Int) -> Vector {
        let x = channels.vector, y = (channels + 16).vector
        func of(_ lane: Int) -> Float {
            lane < 8 ? x[channel(lane, number)] : y[channel(lane, number) - 16]
        }
        return Vector(
            of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7), of(8), of(9), of(10), of(11),
            of(12), of(13), of(14), of(15))
    }
}

enum FineGroups {
    static func forward(
        _ g: ConvGeometry, _ input: Source, _ prepared: Source, _ epilogue: Epilogue,
        into output: Target
    ) {
        switch (g.groups!.inputs, g.groups!.outputs) {
        case (2, 2): forward(g, input, prepared, epilogue, into: output, Square<2>.self)
        case (4, 4): forward(g, input, prepared, epilogue, into: output, Square<4>.self)
        case (8, 8): forward(g, input, prepared, epilogue, into: output, Square<8>.self)
        default: forward(g, input, prepared, epilogue, into: output, Pairs.self)
        }
    }

    /// out[y, x, n, o] = epilogue(Σ in[y', x', n, c] * w[ky, kx, c, o])
    @inline(never)
    private static func forward<Lanes: LaneChannels>(
        _ g: ConvGeometry, _ input: Source, _ weights: Source, _ epilogue: Epilogue,
        into output: Target, _: Lanes.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let taps = g.kernelHeight * g.kernelWidth
        let (below, right) = (g.dilationY * g.inputWidth * n * ic, g.dilationX * n * ic)
        for y in 0..<g.convHeight {
            let rows = vertical.taps(ofOutput: y), top = y * g.strideY - g.padTop
            for x in 0..<g.convWidth {
                let columns = horizontal.taps(ofOutput: x), left = x * g.strideX - g.padLeft
                let pixel = output + (y * g.convWidth + x) * n * oc
                let window = input + (top * g.inputWidth + left) * n * ic
                for i in stride(from: 0, to: n, by: Tile.count) {
                    for block in 0..<oc / 16 {
                        var acc = Tile(repeating: epilogue.start(block * 16))
                        let a = window + (i * ic + block * Lanes.span)
                        for ky in rows {
                            for kx in columns {
                                let tap = block * taps + ky * g.kernelWidth + kx
                                add(
                                    &acc, a + (ky * below + kx * right), ic,
                                    weights + tap * Lanes.count * 16, Lanes.self)
                            }
                        }
                        for r in 0..<Tile.count {
                            epilogue.complete(
                                acc[r], block * 16, to: pixel + (i + r) * oc + block * 16)
                        }
                    }
                }
            }
        }
    }

    static func backward(
        _ g: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        Direct.biasGradient(g, gradients)
        weightGradient(
            g, operands.input.baseAddress!, gradient, sums: operands.scratch.baseAddress!,
            into: gradients.weights.baseAddress!)
        guard g.needsInputGradient else { return }
        inputGradient(
            g, gradient, operands.prepared.baseAddress!, adding: gradients.addsToInput,
            into: gradients.inputGradient.baseAddress!)
    }

    private static func inputGradient(
        _ g: ConvGeometry, _ gradient: Source, _ prepared: Source, adding: Bool,
        into result: Target
    ) {
        let weights = prepared + g.fineCount
        switch (g.groups!.inputs, g.groups!.outputs) {
        case (2, 2):
            inputGradient(g, gradient, weights, adding: adding, into: result, Square<2>.self)
        case (4, 4):
            inputGradient(g, gradient, weights, adding: adding, into: result, Square<4>.self)
        case (8, 8):
            inputGradient(g, gradient, weights, adding: adding, into: result, Square<8>.self)
        default: inputGradient(g, gradient, weights, adding: adding, into: result, Halves.self)
        }
    }

    /// dIn[y', x', n, c] = Σ dOut[y, x, n, o] * wᵀ[ky, kx, o, c], or += that if `adding`.
    @inline(never)
    private static func inputGradient<Lanes: LaneChannels>(
        _ g: ConvGeometry, _ gradient: Source, _ weights: Source, adding: Bool,
        into result: Target, _: Lanes.Type
    ) {
        let vertical = g.vertical, horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let taps = g.kernelHeight * g.kernelWidth
        for y in 0..<g.inputHeight {
            let (top, bottom) = vertical.taps(ofInput: y)
            for x in 0..<g.inputWidth {
                let (left, right) = horizontal.taps(ofInput: x)
                let pixel = result + (y * g.inputWidth + x) * n * ic
                for i in stride(from: 0, to: n, by: Tile.count) {
                    for block in 0..<ic / 16 {
                        let to = pixel + i * ic + block * 16
                        var acc = adding ? load(to, ic) : Tile(repeating: Vector())
                        var ky = top, row = vertical.output(ofInput: y, tap: top)
                        while ky < bottom {
                            var kx = left, column = horizontal.output(ofInput: x, tap: left)
                            while kx < right {
                                let tap = block * taps + ky * g.kernelWidth + kx
                                let at = ((row * g.convWidth + column) * n + i) * oc
                                add(
                                    &acc, gradient + (at + block * Lanes.span), oc,
                                    weights + tap * Lanes.count * 16, Lanes.self)
                                kx += g.strideX
                                column -= g.dilationX
                            }
                            ky += g.strideY
                            row -= g.dilationY
                        }
                        store(acc, to, ic)
                    }
                }
            }
        }
    }

    /// acc[r] += Σ a[r * stride...] * w[j], over the channels of each lane.
    @inline(always)
    private static func add<Lanes: LaneChannels>(
        _ acc: inout Tile, _ a: Source, _ stride: Int, _ weights: Source, _: Lanes.Type
    ) {
        each(Lanes.self) { j in
            let w = (weights + j * 16).vector
            for r in 0..<Tile.count {
                acc[r] = acc[r].plus(Lanes.vector(a + r * stride, j), times: w)
            }
        }
    }

    /// Calls `body` with the number of each channel of a filter, as constants.
    @inline(always)
    static func each<Lanes: LaneChannels>(_: Lanes.Type, _ body: (Int) -> Void) {
        body(0)
        if Lanes.count > 1 { body(1) }
        if Lanes.count > 2 {
            body(2)
            body(3)
        }
        if Lanes.count > 4 {
            body(4)
            body(5)
            body(6)
            body(7)
        }
    }
}
