// SPDX-License-Identifier: Apache-2.0
//
// Weights of small groups without the zeros between groups, and their gradient.

import Tensors

extension FineGroups {
    /// w[oc / 16][tap][depth][16] -> w[oc / 16][tap][c][16] and wᵀ[ic / 16][tap][o][16], of the group's channels.
    @inline(never)
    static func prepare(_ g: ConvGeometry, _ weights: Source, into prepared: Target) {
        each(g) { place, fine in prepared[fine] = place.map { weights[$0] } ?? 0 }
        guard g.needsInputGradient else { return }
        let transposed = prepared + g.fineCount, taps = g.kernelHeight * g.kernelWidth
        let outputs = g.groups!.outputs
        for i in 0..<g.inputChannels * taps * outputs { transposed[i] = 0 }
        for c in 0..<g.inputChannels {
            for (j, o) in g.outputs(ofInput: c).enumerated() {
                for tap in 0..<taps {
                    let to = ((c / 16 * taps + tap) * outputs + j) * 16 + c % 16
                    transposed[to] = weights[place(g, from: c, to: o, tap)]
                }
            }
        }
    }

    /// Where the weight of a tap stands, from a channel to a filter of its group.
    private static func place(_ g: ConvGeometry, from c: Int, to o: Int, _ tap: Int) -> Int {
        let taps = g.kernelHeight * g.kernelWidth, row = c - g.inputStart(ofBlock: o / 16)
        return ((o / 16 * taps + tap) * g.inputDepth + row) * 16 + o % 16
    }

    /// Calls `body` with the place of each weight among the others, nil where there is no filter, and its place
    /// without the zeros.
    private static func each(_ g: ConvGeometry, _ body: (_ place: Int?, _ fine: Int) -> Void) {
        let taps = g.kernelHeight * g.kernelWidth, groups = g.groups!
        for o in 0..<g.outputChannels {
            let group = o / groups.outputs
            for tap in 0..<taps {
                for j in 0..<groups.inputs {
                    let fine = ((o / 16 * taps + tap) * groups.inputs + j) * 16 + o % 16
                    let c = group * groups.inputs + j
                    body(group < groups.count ? place(g, from: c, to: o, tap) : nil, fine)
                }
            }
        }
    }

    /// Adds to the weights' gradient; `sums` is a scratch.
    static func weightGradient(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, sums: Target, into weights: Target
    ) {
        each(g) { place, fine in sums[fine] = place.map { weights[$0] } ?? 0 }
        switch (g.groups!.inputs, g.groups!.outputs) {
        case (2, 2): add(g, input, gradient, to: sums, Square<2>.self, Line<2>.self)
        case (4, 4): add(g, input, gradient, to: sums, Square<4>.self, Line<4>.self)
        case (8, 8): add(g, input, gradient, to: sums, Square<8>.self, Line<8>.self)
        default: add(g, input, gradient, to: sums, Pairs.self, Line<1>.self)
        }
        each(g) { place, fine in if let place { weights[place] = sums[fine] } }
    }

    /// dw[o / 16][ky][kx][c][o % 16] += Σ in[y', x', n, c] * dOut[y, x, n, o]
    private static func add<Lanes: LaneChannels, let J: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, to sums: Target,
        _ lanes: Lanes.Type, _ channels: Line<J>.Type
    ) {
        let area = Direct.area(g)
        for top in stride(from: 0, to: g.convHeight, by: area.rows) {
            for left in stride(from: 0, to: g.convWidth, by: area.columns) {
                let ys = top..<min(top + area.rows, g.convHeight)
                let xs = left..<min(left + area.columns, g.convWidth)
                for ky in 0..<g.kernelHeight {
                    var kx = 0
                    while kx < g.kernelWidth {
                        #if WIDE
                            if kx + 3 <= g.kernelWidth && J <= 4 {
                                add(
                                    g, input, gradient, to: sums, ys, xs, ky, kx, lanes,
                                    Panel<3, J>.self)
                                kx += 3
                                continue
                            }
                        #endif
                        add(
                            g, input, gradient, to: sums, ys, xs, ky, kx, lanes, Panel<1, J>.self)
                        kx += 1
                    }
                }
            }
        }
    }

    /// What an area of outputs adds through `K` taps of row `ky`, the first of them `kx`.
    @inline(never)
    private static func add<Lanes: LaneChannels, let K: Int, let J: Int>(
        _ g: ConvGeometry, _ input: Source, _ gradient: Source, to sums: Target, _ ys: Range<Int>,
        _ xs: Range<Int>, _ ky: Int, _ kx: Int, _: Lanes.Type, _: Panel<K, J>.Type
    ) {
        let ys = ys.clamped(to: g.vertical.outputs(ofTap: ky)), horizontal = g.horizontal
        let (n, ic, oc) = (g.images, g.inputChannels, g.outputChannels)
        let taps = g.kernelHeight * g.kernelWidth, right = g.dilationX * n * ic
        let inside = horizontal.outputs(ofTap: kx)
            .clamped(to: horizontal.outputs(ofTap: kx + K - 1))
        for block in 0..<oc / 16 {
            let to = sums + (block * taps + ky * g.kernelWidth + kx) * J * 16
            var acc = Panel<K, J> { load(to + $0 * J * 16, 16) }
            for y in ys {
                let row = (y * g.strideY + ky * g.dilationY - g.padTop) * g.inputWidth
                for x in xs {
                    let column = x * g.strideX + kx * g.dilationX - g.padLeft
                    let a = input + ((row + column) * n * ic + block * Lanes.span)
                    let b = gradient + ((y * g.convWidth + x) * n * oc + block * 16)
                    if inside.contains(x) {
                        for i in 0..<n {
                            let at = (b + i * oc).vector
                            for k in 0..<K {
                                each(Lanes.self) { j in
                                    acc[k][j] = acc[k][j].plus(
                                        Lanes.vector(a + (i * ic + k * right), j), times: at)
                                }
                            }
                        }
                    } else {
                        let some = horizontal.taps(ofOutput: x)
                        for k in 0..<K where some.contains(kx + k) {
                            for i in 0..<n {
                                let at = (b + i * oc).vector
                                each(Lanes.self) { j in
                                    acc[k][j] = acc[k][j].plus(
                                        Lanes.vector(a + (i * ic + k * right), j), times: at)
                                }
                            }
                        }
                    }
                }
            }
            for k in 0..<K { store(acc[k], to + k * J * 16, 16) }
        }
    }
}
