// SPDX-License-Identifier: Apache-2.0
//
// Normalisation and average pools at the edge: every count is compared with its geometry.

extension KernelSet {
    /// Normalises a block with its own statistics, and adds those to `sums`.
    ///
    /// - Parameters:
    ///   - live: Images that are real. The output of the others is zero.
    ///   - output: Overwritten; `geometry.count` floats. It may be the memory of the addend.
    public func normalizeForward(
        _ geometry: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ sums: NormalizationSums, into output: MutableFloats
    ) {
        geometry.check(live)
        operands.check(geometry, "normalizeForward")
        let statistics = geometry.statisticsCount
        expect(sums.mean.count, statistics, "normalizeForward: mean", geometry)
        expect(sums.variance.count, statistics, "normalizeForward: variance", geometry)
        expect(output.count, geometry.count, "normalizeForward: output", geometry)
        loops.normalizeForward(geometry, live: live, operands, sums, into: output)
    }

    /// The gradients of input, addend, gamma and beta, from that of the output. Those of images that are
    /// not real are zero.
    public func normalizeBackward(
        _ geometry: NormalizationGeometry, live: Int, _ operands: NormalizationOperands,
        _ gradients: NormalizationGradients
    ) {
        geometry.check(live)
        operands.check(geometry, "normalizeBackward", wantsAddend: false)
        let (count, statistics) = (geometry.count, geometry.statisticsCount)
        expect(
            gradients.output.count, geometry.rereadsOutput ? count : 0, "normalizeBackward: output",
            geometry)
        expect(gradients.outputGradient.count, count, "normalizeBackward: gradient", geometry)
        expect(gradients.inputGradient.count, count, "normalizeBackward: input gradient", geometry)
        expectAny(gradients.gamma.count, statistics, "normalizeBackward: gamma", geometry)
        expectAny(gradients.beta.count, statistics, "normalizeBackward: beta", geometry)
        loops.normalizeBackward(geometry, live: live, operands, gradients)
    }

    /// `scale = gamma / sqrt(variance + epsilon); shift = beta + (bias - mean) * scale`: all that is left
    /// of a normalisation once its statistics stand still.
    public func foldNormalization(
        _ statistics: NormalizationStatistics, scale: MutableFloats, shift: MutableFloats
    ) {
        let count = scale.count
        precondition(count % 16 == 0, "foldNormalization: \(count) channels are not in 16s")
        expect(shift.count, count, "foldNormalization: shift", count)
        expect(statistics.mean.count, count, "foldNormalization: mean", count)
        expect(statistics.variance.count, count, "foldNormalization: variance", count)
        expectAny(statistics.gamma.count, count, "foldNormalization: gamma", count)
        expectAny(statistics.beta.count, count, "foldNormalization: beta", count)
        expectAny(statistics.bias.count, count, "foldNormalization: bias", count)
        loops.foldNormalization(statistics, scale: scale, shift: shift)
    }

    /// `output = activation(shift + scale * input + addend)`, channel by channel of each group.
    ///
    /// - Parameters:
    ///   - addend: Empty unless `geometry.hasAddend`.
    ///   - output: Overwritten; it may be the memory of the input or of the addend.
    public func scaleChannels(
        _ geometry: NormalizationGeometry, _ input: Floats, addend: Floats, scale: Floats,
        shift: Floats, into output: MutableFloats
    ) {
        geometry.check(geometry.images)
        expect(input.count, geometry.count, "scaleChannels: input", geometry)
        expect(
            addend.count, geometry.hasAddend ? geometry.count : 0, "scaleChannels: addend", geometry
        )
        expect(scale.count, geometry.statisticsCount, "scaleChannels: scale", geometry)
        expect(shift.count, geometry.statisticsCount, "scaleChannels: shift", geometry)
        expect(output.count, geometry.count, "scaleChannels: output", geometry)
        loops.scaleChannels(
            geometry, input, addend: addend, scale: scale, shift: shift, into: output)
    }

    /// The mean of each window; taps outside the image are not counted. `output` is overwritten.
    public func averagePoolForward(
        _ geometry: PoolGeometry, _ input: Floats, into output: MutableFloats
    ) {
        geometry.check()
        expect(input.count, geometry.inputCount, "averagePoolForward: input", geometry)
        expect(output.count, geometry.outputCount, "averagePoolForward: output", geometry)
        loops.averagePoolForward(geometry, input, into: output)
    }

    /// Spreads each output's gradient over its window.
    ///
    /// - Parameters:
    ///   - adding: Whether to add to what stands in `inputGradient` instead of overwriting it.
    public func averagePoolBackward(
        _ geometry: PoolGeometry, _ outputGradient: Floats, adding: Bool = false,
        into inputGradient: MutableFloats
    ) {
        geometry.check()
        expect(
            outputGradient.count, geometry.outputCount, "averagePoolBackward: gradient", geometry)
        expect(
            inputGradient.count, geometry.inputCount, "averagePoolBackward: input gradient",
            geometry)
        loops.averagePoolBackward(geometry, outputGradient, adding: adding, into: inputGradient)
    }

    /// Steps moving averages, whose "gradients" are sums over the batch; see `MovingAverageStep`.
    public func movingAverage(_ step: MovingAverageStep, _ slice: OptimizerSlice) {
        slice.check("movingAverage", first: false, second: false)
        loops.movingAverage(step, slice)
    }
}

/// The same as `expect` for a buffer that may be left out.
private func expectAny<Geometry>(
    _ found: Int, _ expected: Int, _ buffer: @autoclosure () -> String, _ geometry: Geometry
) {
    if found > 0 { expect(found, expected, buffer(), geometry) }
}

extension NormalizationGeometry {
    fileprivate func check(_ live: Int) {
        check()
        precondition(
            live > 0 && live <= images, "NormalizationGeometry: \(live) live images of \(images)")
    }
}

extension NormalizationOperands {
    fileprivate func check(
        _ geometry: NormalizationGeometry, _ kernel: String, wantsAddend: Bool = true
    ) {
        expect(input.count, geometry.count, "\(kernel): input", geometry)
        if wantsAddend {
            expect(
                addend.count, geometry.hasAddend ? geometry.count : 0, "\(kernel): addend", geometry
            )
        }
        expectAny(gamma.count, geometry.statisticsCount, "\(kernel): gamma", geometry)
        expectAny(beta.count, geometry.statisticsCount, "\(kernel): beta", geometry)
        expect(kept.count, geometry.keptCount, "\(kernel): kept", geometry)
    }
}
