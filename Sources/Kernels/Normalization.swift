// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation with the statistics of its block, and what follows it in the same pass: the
// addition of a residual branch, and ReLU.

import Tensors

/// `R` times 16 channels of one group: what one sweep over the block takes at a time, so that all its
/// sums stay in registers. How many there are changes no bit, since channels know nothing of each other.
struct Strip<let R: Int> {
    let pixels: Int, images: Int, live: Int, channels: Int
    /// The strip's first element in the block, and in each list of statistics.
    let start: Int, statistics: Int

    init(_ g: NormalizationGeometry, live: Int, group: Int, channel: Int) {
        (pixels, images, channels) = (g.pixels, g.images, g.channels)
        self.live = live
        start = group * g.pixels * g.images * g.channels + channel
        statistics = group * g.channels + channel
    }

    /// How many values a channel has, padding left out.
    var population: Vector { Vector(Float(pixels * live)) }

    /// Calls `body` with the place of each row of the live images, pixel by pixel.
    @inline(always)
    func eachRow(_ body: (Int) -> Void) {
        for p in 0..<pixels {
            for i in 0..<live { body(start + (p * images + i) * channels) }
        }
    }

    /// The same for the images that are not real.
    @inline(always)
    func eachDeadRow(_ body: (Int) -> Void) {
        for p in 0..<pixels {
            for i in live..<images { body(start + (p * images + i) * channels) }
        }
    }

    /// Two sums of terms over the rows: first over the images of a pixel, then over the pixels, which
    /// keeps the rounding of large maps small.
    @inline(always)
    func totals(
        _ terms: (_ a: inout Line<R>, _ b: inout Line<R>, _ row: Int) -> Void
    ) -> (Line<R>, Line<R>) {
        let zeros = Line<R>(repeating: Vector())
        var totals = (zeros, zeros)
        for p in 0..<pixels {
            var sums = (zeros, zeros)
            for i in 0..<live { terms(&sums.0, &sums.1, start + (p * images + i) * channels) }
            for r in 0..<R {
                totals.0[r] += sums.0[r]
                totals.1[r] += sums.1[r]
            }
        }
        return totals
    }

    /// A single one.
    @inline(always)
    func total(_ term: (_ sum: inout Line<R>, _ row: Int) -> Void) -> Line<R> {
        totals { sum, _, row in term(&sum, row) }.0
    }
}

enum Normalization {
    /// Mean, 1 / deviation, scale and shift of each channel.
    struct Kept {
        let mean: Target, inverse: Target, scale: Target, shift: Target

        init(_ kept: Target, _ g: NormalizationGeometry) {
            mean = kept
            inverse = mean + g.statisticsCount
            scale = inverse + g.statisticsCount
            shift = scale + g.statisticsCount
        }
    }

    static func forward(
        _ g: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ sums: NormalizationSums, into output: Target
    ) {
        eachStrip(g) { group, channel in
            forward(
                Strip<2>(g, live: live, group: group, channel: channel), g, operands, sums,
                into: output)
        } narrow: { group, channel in
            forward(
                Strip<1>(g, live: live, group: group, channel: channel), g, operands, sums,
                into: output)
        }
    }

    /// Strips of 32 channels, then of 16.
    @inline(always)
    static func eachStrip(
        _ g: NormalizationGeometry, wide: (_ group: Int, _ channel: Int) -> Void,
        narrow: (_ group: Int, _ channel: Int) -> Void
    ) {
        let whole = g.channels / 32 * 32
        for group in 0..<g.groups {
            for channel in stride(from: 0, to: whole, by: 32) { wide(group, channel) }
            for channel in stride(from: whole, to: g.channels, by: 16) { narrow(group, channel) }
        }
    }

    /// y = activation(shift + scale * x + addend), where the block's mean and variance, found in two
    /// sweeps, make scale and shift.
    @inline(never)
    private static func forward<let R: Int>(
        _ strip: Strip<R>, _ g: NormalizationGeometry, _ operands: NormalizationOperands,
        _ sums: NormalizationSums, into output: Target
    ) {
        let x = operands.input.baseAddress!, kept = Kept(operands.kept.baseAddress!, g)
        let s = strip.statistics, live = Vector(Float(strip.live))
        var mean = strip.total { sum, row in
            for r in 0..<R { sum[r] += (x + row + 16 * r).vector }
        }
        for r in 0..<R { mean[r] = mean[r] / strip.population }
        let squares = strip.total { sum, row in
            for r in 0..<R {
                let d = (x + row + 16 * r).vector - mean[r]
                sum[r] = sum[r].plus(d, times: d)
            }
        }
        for r in 0..<R {
            let at = s + 16 * r, variance = squares[r] / strip.population
            let inverse = Vector(1) / (variance + Vector(g.epsilon)).squareRoots
            let scale = one(operands.gamma, at) * inverse
            (kept.mean + at).vector = mean[r]
            (kept.inverse + at).vector = inverse
            (kept.scale + at).vector = scale
            (kept.shift + at).vector = zero(operands.beta, at).plus(
                Vector() - mean[r], times: scale)
            let sumOfMeans = sums.mean.baseAddress! + at
            let sumOfVariances = sums.variance.baseAddress! + at
            sumOfMeans.vector = sumOfMeans.vector.plus(live, times: mean[r])
            sumOfVariances.vector = sumOfVariances.vector.plus(live, times: variance)
        }
        apply(
            strip, x, g.hasAddend ? operands.addend.baseAddress : nil, kept.scale, kept.shift,
            Limit(g.activation), into: output)
        strip.eachDeadRow { row in
            for r in 0..<R { (output + row + 16 * r).vector = Vector() }
        }
    }

    static func scaleChannels(
        _ g: NormalizationGeometry, _ x: Source, _ addend: Source?, _ scale: Source,
        _ shift: Source, into output: Target
    ) {
        eachStrip(g) { group, channel in
            apply(
                Strip<2>(g, live: g.images, group: group, channel: channel), x, addend, scale,
                shift, Limit(g.activation), into: output)
        } narrow: { group, channel in
            apply(
                Strip<1>(g, live: g.images, group: group, channel: channel), x, addend, scale,
                shift, Limit(g.activation), into: output)
        }
    }

    @inline(never)
    private static func apply<let R: Int>(
        _ strip: Strip<R>, _ x: Source, _ addend: Source?, _ scale: Source, _ shift: Source,
        _ limit: Limit, into output: Target
    ) {
        let scales: Line<R> = load(scale + strip.statistics, 16)
        let shifts: Line<R> = load(shift + strip.statistics, 16)
        if let addend {
            strip.eachRow { row in
                for r in 0..<R {
                    let at = row + 16 * r
                    let y = shifts[r].plus(scales[r], times: (x + at).vector)
                    (output + at).vector = limit(y + (addend + at).vector)
                }
            }
        } else {
            strip.eachRow { row in
                for r in 0..<R {
                    let at = row + 16 * r
                    (output + at).vector = limit(shifts[r].plus(scales[r], times: (x + at).vector))
                }
            }
        }
    }

    /// See `KernelSet.foldNormalization`.
    @inline(never)
    static func fold(
        _ statistics: NormalizationStatistics, _ scale: Target, _ shift: Target, count: Int
    ) {
        let mean = statistics.mean.baseAddress!, variance = statistics.variance.baseAddress!
        for c in stride(from: 0, to: count, by: 16) {
            let deviation = ((variance + c).vector + Vector(statistics.epsilon)).squareRoots
            let factor = one(statistics.gamma, c) * (Vector(1) / deviation)
            (scale + c).vector = factor
            (shift + c).vector = zero(statistics.beta, c).plus(
                zero(statistics.bias, c) - (mean + c).vector, times: factor)
        }
    }

    /// 16 of some factors that may be absent, and then are ones.
    @inline(always)
    static func one(_ factors: Floats, _ at: Int) -> Vector {
        factors.isEmpty ? Vector(1) : (factors.baseAddress! + at).vector
    }
    @inline(always)
    static func zero(_ terms: Floats, _ at: Int) -> Vector {
        terms.isEmpty ? Vector() : (terms.baseAddress! + at).vector
    }
}
