// SPDX-License-Identifier: Apache-2.0
//
// Normalisation of each image by itself, over groups of its channels and sets of its pixels.
//
// All images of a set go through it side by side, so that every sweep over the set is one through memory.
//
// Source: Wu and He (2018), "Group Normalization"; Ba et al. (2016), "Layer Normalization".

import Tensors

struct GroupNormalization {
    let g: GroupGeometry
    let live: Int
    let x: Source
    /// nil for ones, for zeros.
    let gamma: Source?, beta: Source?
    let kept: Target
    /// Of each channel of each live image: that of its group, zero where the channel is none.
    let mean: Target, inverse: Target
    /// Two sums of each channel of each image, and of each channel over the images of a set and over all sets.
    let first: Target, second: Target
    let channelSums: Target

    init(_ g: GroupGeometry, live: Int, _ operands: GroupOperands) {
        self.g = g
        self.live = live
        x = operands.input.baseAddress!
        gamma = operands.gamma.isEmpty ? nil : operands.gamma.baseAddress
        beta = operands.beta.isEmpty ? nil : operands.beta.baseAddress
        kept = operands.kept.baseAddress!
        let rows = g.images * g.stored
        mean = operands.scratch.baseAddress!
        inverse = mean + rows
        first = inverse + rows
        second = first + rows
        channelSums = second + rows
    }

    /// Floats of a pixel of all images, and of the live ones.
    @inline(always) private var pixel: Int { g.images * g.stored }
    @inline(always) private var width: Int { live * g.stored }
    /// Channels of a group, and how many numbers its statistics are of.
    @inline(always) private var groupWidth: Int { g.channels / g.groups }
    @inline(always) private var population: Float { Float(groupWidth * g.pixels) }

    /// y = beta + gamma * (x - mean) * inverse
    @inline(never)
    func forward(into output: Target) {
        clear(mean, inverse)
        for set in 0..<g.sets {
            let start = set * g.pixels * pixel
            clear(first, second)
            eachVector(of: start) { at, i, _ in (first + i).vector += (x + at).vector }
            eachGroup { row, group in
                fill(mean + row, group, total(first + row, group) / population)
            }
            eachVector(of: start) { at, i, _ in
                let d = (x + at).vector - (mean + i).vector
                (second + i).vector = (second + i).vector.plus(d, times: d)
            }
            eachGroup { row, group in
                let variance = total(second + row, group) / population
                fill(inverse + row, group, 1 / (variance + g.epsilon).squareRoot())
            }
            keep(set)
            eachVector(of: start) { at, i, c in
                let d = ((x + at).vector - (mean + i).vector) * (inverse + i).vector
                let term = beta.map { ($0 + c).vector } ?? Vector()
                (output + at).vector = term.plus(d, times: factor(c))
            }
            zeroDead(output + start)
        }
    }

    /// dβ = Σ g, dγ = Σ g x̂, dx = (γ g - Σ γ g / N - x̂ Σ γ g x̂ / N) / deviation
    @inline(never)
    func backward(_ gradients: GroupGradients) {
        let dy = gradients.output.baseAddress!, dx = gradients.input.baseAddress!
        let ofGamma = gradients.gamma.isEmpty ? nil : gradients.gamma.baseAddress
        let ofBeta = gradients.beta.isEmpty ? nil : gradients.beta.baseAddress
        clear(mean, inverse)
        var i = 0
        while i < 2 * g.stored {
            (channelSums + i).vector = Vector()
            i += 16
        }
        for set in 0..<g.sets {
            let start = set * g.pixels * pixel
            restore(set)
            clear(first, second)
            eachVector(of: start) { at, i, c in
                let d = ((x + at).vector - (mean + i).vector) * (inverse + i).vector
                var gradient = (dy + at).vector
                if g.hasPixelFactors {
                    if let ofBeta { (ofBeta + c).vector += gradient }
                    if let ofGamma {
                        (ofGamma + c).vector = (ofGamma + c).vector.plus(gradient, times: d)
                    }
                    gradient *= factor(c)
                }
                (first + i).vector += gradient
                (second + i).vector = (second + i).vector.plus(gradient, times: d)
            }
            if !g.hasPixelFactors { addChannels() }
            eachGroup { row, group in
                fill(first + row, group, total(first + row, group) / population)
                fill(second + row, group, total(second + row, group) / population)
            }
            eachVector(of: start) { at, i, c in
                let scale = (inverse + i).vector
                let d = ((x + at).vector - (mean + i).vector) * scale
                let rest = ((dy + at).vector * factor(c) - (first + i).vector)
                    .plus(Vector() - d, times: (second + i).vector)
                let sum = gradients.addsToInput ? (dx + at).vector : Vector()
                (dx + at).vector = sum.plus(rest, times: scale)
            }
            if !gradients.addsToInput { zeroDead(dx + start) }
        }
        guard !g.hasPixelFactors else { return }
        if let ofBeta { addRun(channelSums, to: ofBeta, count: g.stored) }
        if let ofGamma { addRun(channelSums + g.stored, to: ofGamma, count: g.stored) }
    }

    /// Adds the sums of the set's images to those of all sets, and multiplies each by its channel's factor.
    @inline(always)
    private func addChannels() {
        var c = 0
        while c < g.stored {
            var sum = Vector(), product = Vector()
            for n in 0..<live {
                let at = n * g.stored + c
                sum += (first + at).vector
                product += (second + at).vector
                (first + at).vector *= factor(c)
                (second + at).vector *= factor(c)
            }
            (channelSums + c).vector += sum
            (channelSums + g.stored + c).vector += product
            c += 16
        }
    }

    /// 16 factors at a place of gamma.
    @inline(always)
    private func factor(_ place: Int) -> Vector { gamma.map { ($0 + place).vector } ?? Vector(1) }

    /// Calls `body` for the vectors of a set's live images, with their place in the block, in a pixel of all
    /// images, and in the factors.
    @inline(always)
    private func eachVector(of start: Int, _ body: (_ at: Int, _ i: Int, _ c: Int) -> Void) {
        var p = 0
        while p < g.pixels {
            var i = 0, c = 0
            let from = start + p * pixel, factors = g.hasPixelFactors ? p * g.stored : 0
            while i < width {
                body(from + i, i, factors + c)
                i += 16
                c += 16
                if c == g.stored { c = 0 }
            }
            p += 1
        }
    }

    /// Calls `body` for each group of each live image, with the start of the image's row.
    @inline(always)
    private func eachGroup(_ body: (_ row: Int, _ group: Int) -> Void) {
        var row = 0
        while row < width {
            var group = 0
            while group < g.groups {
                body(row, group)
                group += 1
            }
            row += g.stored
        }
    }

    @inline(always)
    private func clear(_ a: Target, _ b: Target) {
        var i = 0
        while i < width {
            (a + i).vector = Vector()
            (b + i).vector = Vector()
            i += 16
        }
    }

    /// The sum of a row's channels in a group: vector by vector, then of the lanes.
    @inline(never)
    private func total(_ row: Target, _ group: Int) -> Float {
        let lower = group * groupWidth, upper = lower + groupWidth
        var sum = Vector(), c = lower / 16 * 16
        while c < upper {
            sum += (row + c).vector.keeping(lanes(of: c, lower, upper))
            c += 16
        }
        return sum.total
    }

    /// Writes a number to a row's channels in a group.
    @inline(never)
    private func fill(_ row: Target, _ group: Int, _ value: Float) {
        let lower = group * groupWidth, upper = lower + groupWidth
        var c = lower / 16 * 16
        while c < upper {
            (row + c).vector = (row + c).vector
                .replacing(with: Vector(value), where: lanes(of: c, lower, upper))
            c += 16
        }
    }

    /// Of the 16 channels from `c` on those from `lower` to `upper`.
    @inline(always)
    private func lanes(of c: Int, _ lower: Int, _ upper: Int) -> Mask {
        channels(from: c, below: upper) .& .!channels(from: c, below: lower)
    }

    private func place(_ set: Int, _ row: Int, _ group: Int) -> Target {
        kept + 2 * ((set * g.images + row / g.stored) * g.groups + group)
    }

    @inline(never)
    private func keep(_ set: Int) {
        eachGroup { row, group in
            let statistics = place(set, row, group)
            statistics[0] = mean[row + group * groupWidth]
            statistics[1] = inverse[row + group * groupWidth]
        }
    }

    @inline(never)
    private func restore(_ set: Int) {
        eachGroup { row, group in
            let statistics = place(set, row, group)
            fill(mean + row, group, statistics[0])
            fill(inverse + row, group, statistics[1])
        }
    }

    /// Sets what a set has of images that are not real to zero.
    @inline(never)
    private func zeroDead(_ values: Target) {
        for p in 0..<g.pixels {
            for i in stride(from: width, to: pixel, by: 16) {
                (values + p * pixel + i).vector = Vector()
            }
        }
    }
}
