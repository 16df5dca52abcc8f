// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation with the statistics of its block, and what follows it in the same pass: the
// addition of a residual branch, and ReLU.

import Tensors

/// `R` times 16 channels of the rows of one pixel: what is summed in registers. How many there are changes no
/// bit, since channels know nothing of each other.
struct Strip<let R: Int> {
    let images: Int, live: Int, channels: Int
    /// Its first element in the block, and in each list of statistics.
    let start: Int, statistics: Int

    /// Calls `body` with the place of each row of the live images.
    @inline(always)
    func eachRow(_ body: (Int) -> Void) {
        for i in 0..<live { body(start + i * channels) }
    }

    /// The same for the images that are not real.
    @inline(always)
    func eachDeadRow(_ body: (Int) -> Void) {
        for i in live..<images { body(start + i * channels) }
    }

    /// Two sums of terms over the rows.
    @inline(always)
    func sums(
        _ terms: (_ a: inout Line<R>, _ b: inout Line<R>, _ row: Int) -> Void
    ) -> (Line<R>, Line<R>) {
        let zeros = Line<R>(repeating: Vector())
        var sums = (zeros, zeros)
        for i in 0..<live { terms(&sums.0, &sums.1, start + i * channels) }
        return sums
    }

    /// A single one, added to a list: first over the images of a pixel, then over the pixels, which keeps the
    /// rounding of large maps small.
    @inline(always)
    func addSum(to totals: Target, _ term: (_ sum: inout Line<R>, _ row: Int) -> Void) {
        let sum = sums { sum, _, row in term(&sum, row) }.0
        for r in 0..<R { totals.add(sum[r], at: statistics + 16 * r) }
    }
}

enum Normalization {
    /// Mean, 1 / deviation, scale and shift of each channel, and two sums of the backward pass.
    struct Kept {
        let mean: Target, inverse: Target, scale: Target, shift: Target
        let passed: Target, products: Target

        init(_ kept: Target, _ g: NormalizationGeometry) {
            mean = kept
            inverse = mean + g.statisticsCount
            scale = inverse + g.statisticsCount
            shift = scale + g.statisticsCount
            passed = shift + g.statisticsCount
            products = passed + g.statisticsCount
        }
    }

    /// y = activation(shift + scale * x + addend), where the block's mean and variance, found in two
    /// sweeps, make scale and shift.
    static func forward(
        _ g: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ sums: NormalizationSums, into output: Target
    ) {
        let x = operands.input.baseAddress!, kept = Kept(operands.kept.baseAddress!, g)
        let all = stride(from: 0, to: g.statisticsCount, by: 16)
        let population = Vector(Float(g.pixels * live))
        for at in all {
            (kept.mean + at).vector = Vector()
            (kept.inverse + at).vector = Vector()
        }
        sum(g, live, x, into: kept.mean)
        for at in all { (kept.mean + at).vector = (kept.mean + at).vector / population }
        sumSquares(g, live, x, kept.mean, into: kept.inverse)
        let share = Vector(Float(live))
        for at in all {
            let mean = (kept.mean + at).vector, variance = (kept.inverse + at).vector / population
            let inverse = Vector(1) / (variance + Vector(g.epsilon)).squareRoots
            let scale = one(operands.gamma, at) * inverse
            (kept.inverse + at).vector = inverse
            (kept.scale + at).vector = scale
            (kept.shift + at).vector = zero(operands.beta, at).plus(Vector() - mean, times: scale)
            let sumOfMeans = sums.mean.baseAddress! + at
            let sumOfVariances = sums.variance.baseAddress! + at
            sumOfMeans.vector = sumOfMeans.vector.plus(share, times: mean)
            sumOfVariances.vector = sumOfVariances.vector.plus(share, times: variance)
        }
        apply(
            g, live, x, g.hasAddend ? operands.addend.baseAddress : nil, kept.scale, kept.shift,
            into: output)
    }

    /// Calls a body with each strip in the order of memory: 32 channels of a pixel, at its end 16.
    @inline(always)
    static func eachStrip(
        _ g: NormalizationGeometry, live: Int, wide: (Strip<2>) -> Void, narrow: (Strip<1>) -> Void
    ) {
        let whole = g.channels / 32 * 32
        for pixel in 0..<g.groups * g.pixels {
            let start = pixel * g.images * g.channels, first = pixel / g.pixels * g.channels
            for c in stride(from: 0, to: whole, by: 32) {
                wide(
                    Strip(
                        images: g.images, live: live, channels: g.channels, start: start + c,
                        statistics: first + c))
            }
            for c in stride(from: whole, to: g.channels, by: 16) {
                narrow(
                    Strip(
                        images: g.images, live: live, channels: g.channels, start: start + c,
                        statistics: first + c))
            }
        }
    }

    @inline(never)
    private static func sum(
        _ g: NormalizationGeometry, _ live: Int, _ x: Source, into totals: Target
    ) {
        @inline(always) func add<let R: Int>(_ strip: Strip<R>) {
            strip.addSum(to: totals) { sum, row in
                for r in 0..<R { sum[r] += (x + row + 16 * r).vector }
            }
        }
        eachStrip(g, live: live, wide: { add($0) }, narrow: { add($0) })
    }

    @inline(never)
    private static func sumSquares(
        _ g: NormalizationGeometry, _ live: Int, _ x: Source, _ means: Source, into totals: Target
    ) {
        @inline(always) func add<let R: Int>(_ strip: Strip<R>) {
            let mean: Line<R> = load(means + strip.statistics, 16)
            strip.addSum(to: totals) { sum, row in
                for r in 0..<R {
                    let d = (x + row + 16 * r).vector - mean[r]
                    sum[r] = sum[r].plus(d, times: d)
                }
            }
        }
        eachStrip(g, live: live, wide: { add($0) }, narrow: { add($0) })
    }

    static func scaleChannels(
        _ g: NormalizationGeometry, _ x: Source, _ addend: Source?, _ scale: Source,
        _ shift: Source, into output: Target
    ) {
        apply(g, g.images, x, addend, scale, shift, into: output)
    }

    @inline(never)
    private static func apply(
        _ g: NormalizationGeometry, _ live: Int, _ x: Source, _ addend: Source?, _ scale: Source,
        _ shift: Source, into output: Target
    ) {
        let limit = Limit(g.activation)
        @inline(always) func apply<let R: Int>(_ strip: Strip<R>) {
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
                        (output + at).vector = limit(
                            shifts[r].plus(scales[r], times: (x + at).vector))
                    }
                }
            }
            strip.eachDeadRow { row in
                for r in 0..<R { (output + row + 16 * r).vector = Vector() }
            }
        }
        eachStrip(g, live: live, wide: { apply($0) }, narrow: { apply($0) })
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
