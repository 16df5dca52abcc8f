// SPDX-License-Identifier: Apache-2.0
//
// The gradients of a batch normalisation, of ReLU after it and of the branch that it adds.
//
//     dβ = Σ g        dγ = Σ g x̂        dx = γ / σ * (g - dβ / N - x̂ dγ / N)        x̂ = (x - mean) / σ
//
// where g is the gradient that passed ReLU.
//
// Source: Ioffe and Szegedy (2015), "Batch Normalization".

import Tensors

extension Normalization {
    static func backward(
        _ g: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ gradients: NormalizationGradients
    ) {
        let x = operands.input.baseAddress!, kept = Kept(operands.kept.baseAddress!, g)
        let population = Vector(Float(g.pixels * live))
        let all = stride(from: 0, to: g.statisticsCount, by: 16)
        for at in all {
            (kept.passed + at).vector = Vector()
            (kept.products + at).vector = Vector()
        }
        sum(g, live, x, kept, gradients)
        for at in all {
            let inverse = (kept.inverse + at).vector, passed = (kept.passed + at).vector
            let product = (kept.products + at).vector * inverse
            if !gradients.gamma.isEmpty { gradients.gamma.baseAddress!.add(product, at: at) }
            if !gradients.beta.isEmpty { gradients.beta.baseAddress!.add(passed, at: at) }
            let share = Vector() - (kept.scale + at).vector / population
            (kept.products + at).vector = share * inverse * product
            (kept.passed + at).vector = share * passed
        }
        spread(g, live, x, kept, gradients)
    }

    /// Σ g and Σ g (x - mean) of each channel.
    @inline(never)
    private static func sum(
        _ g: NormalizationGeometry, _ live: Int, _ x: Source, _ kept: Kept,
        _ gradients: NormalizationGradients
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        @inline(always) func add<let R: Int>(_ strip: Strip<R>) {
            let means: Line<R> = load(kept.mean + strip.statistics, 16)
            let gate = Gate(strip, g, x, kept, gradients)
            let (passed, products) = strip.sums { sum, product, row in
                for r in 0..<R {
                    let at = row + 16 * r, live = gate.pass((gradient + at).vector, r, at)
                    // With an addend, what passes ReLU is the addend's gradient too: left behind for it.
                    if gate.output != nil { (gradient + at).vector = live }
                    sum[r] += live
                    product[r] = product[r].plus(live, times: (x + at).vector - means[r])
                }
            }
            for r in 0..<R {
                kept.passed.add(passed[r], at: strip.statistics + 16 * r)
                kept.products.add(products[r], at: strip.statistics + 16 * r)
            }
        }
        eachStrip(g, live: live, wide: { add($0) }, narrow: { add($0) })
    }

    /// dx, of the sums that have become its constant term and its slope.
    @inline(never)
    private static func spread(
        _ g: NormalizationGeometry, _ live: Int, _ x: Source, _ kept: Kept,
        _ gradients: NormalizationGradients
    ) {
        let gradient = gradients.outputGradient.baseAddress!
        let result = gradients.inputGradient.baseAddress!, adds = gradients.addsToInput
        @inline(always) func spread<let R: Int>(_ strip: Strip<R>) {
            let s = strip.statistics
            let means: Line<R> = load(kept.mean + s, 16), scales: Line<R> = load(kept.scale + s, 16)
            let offsets: Line<R> = load(kept.passed + s, 16)
            let slopes: Line<R> = load(kept.products + s, 16)
            let gate = Gate(strip, g, x, kept, gradients)
            strip.eachRow { row in
                for r in 0..<R {
                    let at = row + 16 * r
                    let d = (x + at).vector - means[r]
                    let dx = offsets[r].plus(slopes[r], times: d)
                        .plus(scales[r], times: gate.pass((gradient + at).vector, r, at))
                    (result + at).vector = adds ? (result + at).vector + dx : dx
                }
            }
            guard !adds else { return }
            strip.eachDeadRow { row in
                for r in 0..<R { (result + row + 16 * r).vector = Vector() }
            }
        }
        eachStrip(g, live: live, wide: { spread($0) }, narrow: { spread($0) })
    }

    /// Where ReLU stopped the signal: seen in the output, or, where nothing was added, computed anew.
    private struct Gate<let R: Int> {
        let output: Source?
        let isOpen: Bool
        let limit: Limit
        let x: Source
        let scales: Line<R>, shifts: Line<R>

        @inline(always)
        init(
            _ strip: Strip<R>, _ g: NormalizationGeometry, _ x: Source, _ kept: Kept,
            _ gradients: NormalizationGradients
        ) {
            output = g.rereadsOutput ? gradients.output.baseAddress : nil
            isOpen = g.activation == .linear
            limit = Limit(g.activation)
            self.x = x
            scales = load(kept.scale + strip.statistics, 16)
            shifts = load(kept.shift + strip.statistics, 16)
        }

        /// The gradient of row `r` at a place, if it passes.
        @inline(always)
        func pass(_ gradient: Vector, _ r: Int, _ at: Int) -> Vector {
            if isOpen { return gradient }
            let y =
                output.map { ($0 + at).vector } ?? shifts[r].plus(scales[r], times: (x + at).vector)
            return limit.backward(gradient, output: y)
        }
    }
}
