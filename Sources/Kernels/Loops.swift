// SPDX-License-Identifier: Apache-2.0
//
// The door of this module: from checked buffers to the pointers that the kernels work on.

import Tensors

/// The kernels of one instruction set.
package enum Loops: KernelLoops {
    package static var tileRows: Int { Tile.count }

    package static func maxPoolForward(
        _ geometry: PoolGeometry, _ input: Floats, into output: MutableFloats, argmax: MutableBytes
    ) {
        MaxPool.forward(
            geometry, input.baseAddress!, into: output.baseAddress!, argmax.baseAddress!)
    }

    package static func maxPoolBackward(
        _ geometry: PoolGeometry, _ outputGradient: Floats, argmax: Bytes, adding: Bool,
        into inputGradient: MutableFloats
    ) {
        MaxPool.backward(
            geometry, outputGradient.baseAddress!, argmax.baseAddress!, adding: adding,
            into: inputGradient.baseAddress!)
    }

    package static func averagePoolForward(
        _ geometry: PoolGeometry, _ input: Floats, into output: MutableFloats
    ) {
        AveragePool.forward(geometry, input.baseAddress!, into: output.baseAddress!)
    }

    package static func averagePoolBackward(
        _ geometry: PoolGeometry, _ outputGradient: Floats, adding: Bool,
        into inputGradient: MutableFloats
    ) {
        AveragePool.backward(
            geometry, outputGradient.baseAddress!, adding: adding,
            into: inputGradient.baseAddress!)
    }

    package static func activationForward(
        _ activation: ElementActivation, _ rows: Rows, _ values: MutableFloats
    ) {
        guard let values = values.baseAddress else { return }
        Activation.forward(activation, rows, values)
    }

    package static func activationBackward(
        _ activation: ElementActivation, _ rows: Rows, values: Floats, _ gradient: MutableFloats
    ) {
        guard let gradient = gradient.baseAddress else { return }
        Activation.backward(activation, rows, values.baseAddress!, gradient)
    }

    package static func affine(
        scale: Float, offset: Float, _ rows: Rows, _ values: MutableFloats
    ) {
        guard let values = values.baseAddress else { return }
        Activation.affine(scale, offset, rows, values)
    }

    package static func dropoutForward(
        _ draw: DropoutDraw, _ values: MutableFloats, kept: MutableBytes
    ) {
        guard let values = values.baseAddress else { return }
        Dropout.forward(draw, values, kept.baseAddress!)
    }

    package static func addNoise(_ draw: NoiseDraw, to values: MutableFloats) {
        guard let values = values.baseAddress else { return }
        GaussianNoise.add(draw, to: values)
    }

    package static func dropoutBackward(rate: Float, kept: Bytes, _ gradient: MutableFloats) {
        guard let values = gradient.baseAddress else { return }
        Dropout.backward(rate, kept.baseAddress!, values, count: gradient.count)
    }

    package static func softmaxCrossEntropy(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes
    ) {
        Loss.softmaxCrossEntropy(
            rows, logits.baseAddress!, losses.baseAddress!, correct.baseAddress!)
    }

    package static func binaryCrossEntropy(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes
    ) {
        Loss.binaryCrossEntropy(
            rows, logits.baseAddress!, losses.baseAddress!, correct.baseAddress!)
    }

    package static func hinge(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes
    ) {
        Loss.hinge(rows, logits.baseAddress!, losses.baseAddress!, correct.baseAddress!)
    }

    package static func meanError(
        _ rows: LossRows, squared: Bool, _ logits: MutableFloats, losses: MutableFloats,
        correct: MutableBytes
    ) {
        Loss.meanError(
            rows, squared: squared, logits.baseAddress!, losses.baseAddress!, correct.baseAddress!)
    }

    package static func packPixels(
        _ block: PixelBlock, _ pixels: Bytes, tables: Floats, into values: MutableFloats
    ) {
        // Without a live image there may be no tables, but there are zeros to write.
        guard let values = values.baseAddress else { return }
        Pixels.pack(block, pixels.baseAddress, tables.baseAddress, into: values)
    }

    package static func mixRows(
        _ above: Bytes, _ below: Bytes, weight: UInt32, into mixed: MutableWords
    ) {
        guard let first = above.baseAddress, let second = below.baseAddress else { return }
        Resize.mixRows(first, second, weight, into: mixed.baseAddress!, count: above.count)
    }

    package static func mixColumns(
        _ mixed: Words, _ columns: ColumnMix, into row: MutableBytes
    ) {
        guard let row = row.baseAddress else { return }
        columns.places.withUnsafeBufferPointer { places in
            columns.weights.withUnsafeBufferPointer { weights in
                Resize.mixColumns(
                    mixed.baseAddress!, places.baseAddress!, weights.baseAddress!,
                    channels: columns.channels, into: row, count: places.count)
            }
        }
    }

    package static func sumColumns(
        _ mixed: Tensors.Integers, _ columns: ColumnSums, into line: MutableIntegers
    ) {
        guard let line = line.baseAddress else { return }
        columns.places.withUnsafeBufferPointer { places in
            columns.weights.withUnsafeBufferPointer { weights in
                Resize.sumColumns(
                    mixed.baseAddress!, places.baseAddress!, weights.baseAddress!,
                    taps: columns.taps, shift: columns.shift, channels: columns.channels,
                    into: line, count: places.count)
            }
        }
    }

    package static func clampLevels(
        _ line: Tensors.Integers, shift: Int, into levels: MutableBytes
    ) {
        guard let base = levels.baseAddress else { return }
        Resize.clampLevels(
            line.baseAddress!, shift: Int32(shift), into: base, count: line.count)
    }

    package static func addRow(_ row: Bytes, weight: Int32, to sums: MutableIntegers) {
        guard let base = sums.baseAddress else { return }
        Resize.addRow(row.baseAddress!, weight, to: base, count: sums.count)
    }

    package static func add(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, into sum: MutableFloats
    ) {
        guard let base = sum.baseAddress else { return }
        Sums.add(first.baseAddress!, second.baseAddress!, into: base, count: sum.count)
    }

    package static func isFinite(_ values: UnsafeRawBufferPointer) -> Bool {
        guard let base = values.baseAddress else { return true }
        return Sums.isFinite(base, count: values.count / 4)
    }

    package static func penalize(
        _ penalty: ParameterLayout.Penalty, samples: Int, _ gradient: Floats, _ weights: Floats,
        into sum: MutableFloats
    ) {
        guard let base = sum.baseAddress else { return }
        Penalties.add(
            Float(penalty.l1 * Double(samples)), Float(2 * penalty.l2 * Double(samples)),
            gradient.baseAddress!, weights.baseAddress!, into: base, count: sum.count)
    }

    package static func shorten(_ limit: ParameterLayout.Limit, _ weights: MutableFloats) {
        guard let base = weights.baseAddress else { return }
        Penalties.shorten(base, rows: limit.rows, to: Float(limit.norm), count: weights.count)
    }

    package static func magnitudes(_ values: Floats) -> (absolute: Double, squares: Double) {
        guard let base = values.baseAddress else { return (0, 0) }
        return Penalties.magnitudes(base, count: values.count)
    }

    package static func sgd(_ step: SGDStep, _ slice: OptimizerSlice) {
        if !slice.weights.isEmpty { Optimizers.sgd(step, slice) }
    }

    package static func rmsprop(_ step: RMSpropStep, _ slice: OptimizerSlice) {
        if !slice.weights.isEmpty { Optimizers.rmsprop(step, slice) }
    }

    package static func adam(_ step: AdamStep, _ slice: OptimizerSlice) {
        if !slice.weights.isEmpty { Optimizers.adam(step, slice) }
    }

    package static func adagrad(_ step: AdagradStep, _ slice: OptimizerSlice) {
        if !slice.weights.isEmpty { Optimizers.adagrad(step, slice) }
    }

    package static func adamDirection(_ step: AdamDirectionStep, _ slice: OptimizerSlice) {
        if !slice.weights.isEmpty { Optimizers.adamDirection(step, slice) }
    }

    package static func addScaled(_ addend: Floats, scale: Float, to sum: MutableFloats) {
        guard let from = addend.baseAddress, let to = sum.baseAddress else { return }
        Sums.addScaled(from, scale: scale, to: to, count: sum.count)
    }

    package static func clip(_ values: MutableFloats, limit: Float) {
        guard let start = values.baseAddress else { return }
        Sums.clip(start, limit: limit, count: values.count)
    }

    package static func peakProbe(rounds: Int) -> Double { Probe.run(rounds: rounds) }

    package static func exponential(_ values: MutableFloats) {
        for i in stride(from: 0, to: values.count, by: 16) {
            let at = values.baseAddress! + i
            at.vector = exp(at.vector)
        }
    }

    package static func logarithm(_ values: MutableFloats) {
        for i in stride(from: 0, to: values.count, by: 16) {
            let at = values.baseAddress! + i
            at.vector = ln(at.vector)
        }
    }
}
