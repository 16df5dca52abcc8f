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
        eachStrip(g) { group, channel in
            backward(
                Strip<2>(g, live: live, group: group, channel: channel), g, operands, gradients)
        } narrow: { group, channel in
            backward(
                Strip<1>(g, live: live, group: group, channel: channel), g, operands, gradients)
        }
    }

    @inline(never)
    private static func backward<let R: Int>(
        _ strip: Strip<R>, _ g: NormalizationGeometry, _ operands: NormalizationOperands,
        _ gradients: NormalizationGradients
    ) {
        let x = operands.input.baseAddress!, gradient = gradients.outputGradient.baseAddress!
        let kept = Kept(operands.kept.baseAddress!, g), s = strip.statistics
        let means: Line<R> = load(kept.mean + s, 16)
        let gate = Gate(strip, g, x, kept, gradients)
        let (passed, products) = strip.totals { sum, product, row in
            for r in 0..<R {
                let at = row + 16 * r, live = gate.pass((gradient + at).vector, r, at)
                // With an addend, what passes ReLU is the addend's gradient too: left behind for it.
                if gate.output != nil { (gradient + at).vector = live }
                sum[r] += live
                product[r] = product[r].plus(live, times: (x + at).vector - means[r])
            }
        }
        var slopes = Line<R>(repeating: Vector()), offsets = slopes, scales = slopes
        for r in 0..<R {
            let at = s + 16 * r, inverse = (kept.inverse + at).vector
            let scale = (kept.scale + at).vector, product = products[r] * inverse
            if !gradients.gamma.isEmpty {
                let gamma = gradients.gamma.baseAddress! + at
                gamma.vector = gamma.vector + product
            }
            if !gradients.beta.isEmpty {
                let beta = gradients.beta.baseAddress! + at
                beta.vector = beta.vector + passed[r]
            }
            let share = Vector() - scale / strip.population
            scales[r] = scale
            slopes[r] = share * inverse * product
            offsets[r] = share * passed[r]
        }
        let result = gradients.inputGradient.baseAddress!, adds = gradients.addsToInput
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
