// SPDX-License-Identifier: Apache-2.0
//
// Convolutions and pools at the edge: every count is compared with its geometry.

extension KernelSet {
    /// Brings weights into the forms that the passes read: transposed, or transformed.
    ///
    /// - Parameters:
    ///   - weights: `[oc / 16][ky][kx][ic][16]`, `geometry.weightCount` floats.
    ///   - prepared: Overwritten; `geometry.preparedCount` floats.
    public func convPrepare(
        _ geometry: ConvGeometry, _ weights: Floats, into prepared: MutableFloats
    ) {
        geometry.check()
        expect(weights.count, geometry.weightCount, "convPrepare: weights", geometry)
        expect(prepared.count, geometry.preparedCount, "convPrepare: prepared", geometry)
        loops.convPrepare(geometry, weights, into: prepared)
    }

    /// Convolution, bias, activation and, if the geometry says so, the 2x2 pool.
    ///
    /// - Parameters:
    ///   - output: Overwritten; `geometry.outputCount` floats. It may be the memory of the addend.
    ///   - argmax: Overwritten; `geometry.argmaxCount` bytes.
    public func convForward(
        _ geometry: ConvGeometry, _ operands: ConvOperands, into output: MutableFloats,
        argmax: MutableBytes
    ) {
        geometry.check()
        operands.check(geometry, "convForward")
        expect(output.count, geometry.outputCount, "convForward: output", geometry)
        expect(argmax.count, geometry.argmaxCount, "convForward: argmax", geometry)
        loops.convForward(geometry, operands, into: output, argmax: argmax)
    }

    /// The gradients of input, weights and bias, from the gradient of what `convForward` wrote.
    ///
    /// `operands` are those of the forward pass, `kept` as it left them; with an accumulator the weight
    /// gradient needs `convFinish` once the last block of a shard is through.
    public func convBackward(
        _ geometry: ConvGeometry, _ operands: ConvOperands, _ gradients: ConvGradients,
        argmax: Bytes
    ) {
        geometry.check()
        operands.check(geometry, "convBackward")
        gradients.check(geometry, "convBackward")
        expect(argmax.count, geometry.argmaxCount, "convBackward: argmax", geometry)
        loops.convBackward(geometry, operands, gradients, argmax: argmax)
    }

    /// Makes the weight gradient of a shard out of its accumulator; without one
    /// (`geometry.accumulatorCount == 0`) there is nothing to do.
    ///
    /// - Parameters:
    ///   - blocks: That the shard had, at most `geometry.blocksPerShard`.
    ///   - scratch: `geometry.scratchCount` floats.
    ///   - adding: Whether to add to what stands in `weightGradient` instead of overwriting it.
    public func convFinish(
        _ geometry: ConvGeometry, _ accumulator: Floats, blocks: Int, scratch: MutableFloats,
        adding: Bool = false, into weightGradient: MutableFloats
    ) {
        geometry.check()
        expect(accumulator.count, geometry.accumulatorCount, "convFinish: accumulator", geometry)
        guard geometry.accumulatorCount > 0 else { return }
        precondition(
            1...geometry.blocksPerShard ~= blocks || !geometry.sumsAtOnce,
            "convFinish: \(blocks) blocks, expected 1 to \(geometry.blocksPerShard)")
        expect(scratch.count, geometry.scratchCount, "convFinish: scratch", geometry)
        expect(
            weightGradient.count, geometry.weightCount, "convFinish: weight gradient", geometry)
        loops.convFinish(
            geometry, accumulator, blocks: blocks, scratch: scratch, adding: adding,
            into: weightGradient)
    }

    /// The same for a part of the weights of a direct convolution that sums at once, so that what is made of
    /// the part can follow while it is in the cache.
    ///
    /// - Parameters:
    ///   - accumulator: The rows of `blocks` blocks, or more.
    ///   - part: Whole tiles: 8 input channels with their 16 outputs, 128 floats.
    ///   - weightGradient: Overwritten; that of the part.
    public func convFinish(
        _ geometry: ConvGeometry, _ accumulator: Floats, blocks: Int, part: Range<Int>,
        into weightGradient: MutableFloats
    ) {
        geometry.check()
        precondition(
            geometry.algorithm == .direct && geometry.sumsAtOnce,
            "convFinish: \(geometry) does not sum at once")
        precondition(
            1...geometry.blocksPerShard ~= blocks
                && accumulator.count >= blocks * geometry.rowsCount,
            "convFinish: \(accumulator.count) floats for \(blocks) blocks of \(geometry)")
        precondition(
            part.lowerBound >= 0 && part.upperBound <= geometry.weightCount
                && part.lowerBound % 128 == 0 && part.upperBound % 128 == 0,
            "convFinish: part \(part) of \(geometry.weightCount) weights; expected whole tiles of 128"
        )
        expect(weightGradient.count, part.count, "convFinish: part", geometry)
        guard !part.isEmpty else { return }
        loops.convFinish(geometry, accumulator, blocks: blocks, part: part, into: weightGradient)
    }

    /// A max pool.
    ///
    /// - Parameters:
    ///   - output: Overwritten; `geometry.outputCount` floats.
    ///   - argmax: Overwritten; `geometry.argmaxCount` bytes: the tap (`y * windowWidth + x`) of the first
    ///     maximum of each window. A NaN is a maximum.
    public func maxPoolForward(
        _ geometry: PoolGeometry, _ input: Floats, into output: MutableFloats, argmax: MutableBytes
    ) {
        geometry.check()
        geometry.checkTaps()
        expect(input.count, geometry.inputCount, "maxPoolForward: input", geometry)
        expect(output.count, geometry.outputCount, "maxPoolForward: output", geometry)
        expect(argmax.count, geometry.argmaxCount, "maxPoolForward: argmax", geometry)
        loops.maxPoolForward(geometry, input, into: output, argmax: argmax)
    }

    /// Sends each output's gradient to where its value came from.
    ///
    /// - Parameters:
    ///   - adding: Whether to add to what stands in `inputGradient` instead of overwriting it.
    public func maxPoolBackward(
        _ geometry: PoolGeometry, _ outputGradient: Floats, argmax: Bytes, adding: Bool = false,
        into inputGradient: MutableFloats
    ) {
        geometry.check()
        geometry.checkTaps()
        expect(
            outputGradient.count, geometry.outputCount, "maxPoolBackward: output gradient", geometry
        )
        expect(argmax.count, geometry.argmaxCount, "maxPoolBackward: argmax", geometry)
        expect(
            inputGradient.count, geometry.inputCount, "maxPoolBackward: input gradient", geometry)
        loops.maxPoolBackward(
            geometry, outputGradient, argmax: argmax, adding: adding, into: inputGradient)
    }
}

/// Traps unless a buffer holds as many elements as its geometry asks for.
func expect<Geometry>(
    _ found: Int, _ expected: Int, _ buffer: @autoclosure () -> String, _ geometry: Geometry
) {
    precondition(
        found == expected, "\(buffer()) holds \(found) elements, \(geometry) needs \(expected)")
}

extension ConvOperands {
    fileprivate func check(_ geometry: ConvGeometry, _ kernel: String) {
        expect(input.count, geometry.inputCount, "\(kernel): input", geometry)
        expect(weights.count, geometry.weightCount, "\(kernel): weights", geometry)
        expect(prepared.count, geometry.preparedCount, "\(kernel): prepared", geometry)
        expect(bias.count, geometry.outputChannels, "\(kernel): bias", geometry)
        if !scale.isEmpty {
            expect(scale.count, geometry.outputChannels, "\(kernel): scale", geometry)
        }
        if !addend.isEmpty {
            expect(addend.count, geometry.outputCount, "\(kernel): addend", geometry)
        }
        precondition(
            scale.isEmpty && addend.isEmpty || !geometry.pooled,
            "\(kernel): a fused pool takes neither scale nor addend")
        expect(kept.count, geometry.keptCount, "\(kernel): kept", geometry)
        precondition(
            scratch.count >= geometry.scratchCount,
            "\(kernel): scratch holds \(scratch.count) floats, \(geometry) needs \(geometry.scratchCount)"
        )
    }
}

extension ConvGradients {
    fileprivate func check(_ geometry: ConvGeometry, _ kernel: String) {
        expect(output.count, geometry.outputCount, "\(kernel): output", geometry)
        expect(outputGradient.count, geometry.outputCount, "\(kernel): output gradient", geometry)
        expect(
            inputGradient.count, geometry.needsInputGradient ? geometry.inputCount : 0,
            "\(kernel): input gradient", geometry)
        expect(
            weights.count, geometry.weightSumCount, "\(kernel): weight gradient", geometry)
        if !bias.isEmpty || !geometry.sumsBiasApart {
            expect(bias.count, geometry.outputChannels, "\(kernel): bias gradient", geometry)
        }
    }
}
