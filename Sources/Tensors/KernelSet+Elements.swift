// SPDX-License-Identifier: Apache-2.0
//
// Element-wise kernels, losses and optimizers at the edge: every count is compared once.

extension KernelSet {
    /// Applies `activation` in place; channels beyond the live ones become zero.
    public func activationForward(
        _ activation: ElementActivation, _ rows: Rows, _ values: MutableFloats
    ) {
        activation.check()
        rows.check()
        expect(values.count, rows.floatCount, "activationForward: values", rows)
        loops.activationForward(activation, rows, values)
    }

    /// Turns the gradient of the output into that of the input, in place.
    ///
    /// - Parameter values: What the forward pass wrote, or read where `activation.rereadsInput`.
    public func activationBackward(
        _ activation: ElementActivation, _ rows: Rows, values: Floats, _ gradient: MutableFloats
    ) {
        activation.check()
        rows.check()
        expect(values.count, rows.floatCount, "activationBackward: values", rows)
        expect(gradient.count, rows.floatCount, "activationBackward: gradient", rows)
        loops.activationBackward(activation, rows, values: values, gradient)
    }

    /// `scale * value + offset` of the live channels, in place; the others become zero.
    public func affine(scale: Float, offset: Float, _ rows: Rows, _ values: MutableFloats) {
        rows.check()
        expect(values.count, rows.floatCount, "affine: values", rows)
        loops.affine(scale: scale, offset: offset, rows, values)
    }

    /// Drops and scales in place; `kept` is overwritten with 1 or 0 for each element.
    public func dropoutForward(_ draw: DropoutDraw, _ values: MutableFloats, kept: MutableBytes) {
        draw.check()
        expect(values.count, draw.count, "dropoutForward: values", draw)
        expect(kept.count, draw.count, "dropoutForward: kept", draw)
        loops.dropoutForward(draw, values, kept: kept)
    }

    /// Scales the gradient of what was kept, and zeroes the rest, in place.
    public func dropoutBackward(rate: Float, kept: Bytes, _ gradient: MutableFloats) {
        precondition(rate >= 0 && rate < 1, "dropoutBackward: rate \(rate) is not in [0, 1)")
        expectVectors(gradient.count, "dropoutBackward: gradient")
        expect(kept.count, gradient.count, "dropoutBackward: kept", rate)
        loops.dropoutBackward(rate: rate, kept: kept, gradient)
    }

    /// Softmax and cross-entropy; see `LossRows`.
    ///
    /// - Parameters:
    ///   - logits: Replaced by their gradient; `rows.images * rows.stored` floats.
    ///   - losses: Overwritten, one for each image; zero for the dead.
    ///   - correct: Overwritten, 1 where the first largest logit is the label's, else 0; of a mixture, or of
    ///     shares, the label that counts most, as in Keras's `categorical_accuracy`.
    public func softmaxCrossEntropy(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes
    ) {
        rows.check("softmaxCrossEntropy", logits, losses, correct, labels: rows.classes)
        if !rows.targets.isEmpty {
            expect(
                rows.targets.count, rows.labels.count * rows.classes,
                "softmaxCrossEntropy: targets", rows)
        }
        loops.softmaxCrossEntropy(rows, logits, losses: losses, correct: correct)
    }

    /// Sigmoid and cross-entropy of one logit an image, for labels 0 and 1; see `LossRows`. A prediction
    /// is right where the logit is above zero for label 1, or not for label 0.
    public func binaryCrossEntropy(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes
    ) {
        precondition(
            rows.classes == 1, "binaryCrossEntropy: \(rows.classes) logits an image, not 1")
        rows.check("binaryCrossEntropy", logits, losses, correct, labels: 2)
        loops.binaryCrossEntropy(rows, logits, losses: losses, correct: correct)
    }

    /// The hinge of one output an image, for labels 0 and 1, which stand for -1 and 1; see `LossRows`. A
    /// prediction is right where the output has the label's sign; where an output is just far enough, the
    /// gradient is zero.
    public func hinge(
        _ rows: LossRows, _ logits: MutableFloats, losses: MutableFloats, correct: MutableBytes
    ) {
        precondition(rows.classes == 1, "hinge: \(rows.classes) outputs an image, not 1")
        rows.check("hinge", logits, losses, correct, labels: 2)
        loops.hinge(rows, logits, losses: losses, correct: correct)
    }

    /// The mean of squared or absolute differences to `rows.targets`; see `LossRows`. Nothing is correct, labels do
    /// not count. Where a difference is zero, so is the gradient.
    public func meanError(
        _ rows: LossRows, squared: Bool, _ logits: MutableFloats, losses: MutableFloats,
        correct: MutableBytes
    ) {
        rows.check("meanError", logits, losses, correct, labels: rows.classes)
        expect(rows.targets.count, rows.labels.count * rows.classes, "meanError: targets", rows)
        loops.meanError(rows, squared: squared, logits, losses: losses, correct: correct)
    }

    /// Pixels to the first activations; see `PixelBlock`.
    public func packPixels(
        _ block: PixelBlock, _ pixels: Bytes, tables: Floats, into values: MutableFloats
    ) {
        precondition(
            block.liveImages >= 0 && block.liveImages <= block.images,
            "packPixels: \(block.liveImages) live images of \(block.images)")
        expect(pixels.count, block.byteCount, "packPixels: pixels", block)
        expect(tables.count, block.tableCount, "packPixels: tables", block)
        expect(values.count, block.floatCount, "packPixels: values", block)
        loops.packPixels(block, pixels, tables: tables, into: values)
    }

    /// `sum += addend`, element by element. The addend may lie at any byte.
    public func add(_ addend: UnsafeRawBufferPointer, to sum: MutableFloats) {
        add(UnsafeRawBufferPointer(sum), addend, into: sum)
    }

    /// `sum = first + second`, element by element. Both may lie at any byte, or be the sum's own memory.
    public func add(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, into sum: MutableFloats
    ) {
        expect(first.count, sum.count * 4, "add: first", sum)
        expect(second.count, sum.count * 4, "add: second", sum)
        loops.add(first, second, into: sum)
    }

    /// `sum += addend * scale`, element by element.
    public func addScaled(_ addend: Floats, scale: Float, to sum: MutableFloats) {
        expectVectors(sum.count, "addScaled: sum")
        expect(addend.count, sum.count, "addScaled: addend", sum)
        loops.addScaled(addend, scale: scale, to: sum)
    }

    /// Brings each element into `-limit...limit`; NaN stays what it is.
    public func clip(_ values: MutableFloats, limit: Float) {
        expectVectors(values.count, "clip: values")
        loops.clip(values, limit: limit)
    }

    /// The gradient of a penalty on the mean loss, added to a sum over `samples`:
    /// `sum = gradient + samples (l1 sign(weights) + 2 l2 weights)`, where the sign of 0 is 0. The gradient may be
    /// the sum's own memory.
    public func penalize(
        _ penalty: ParameterLayout.Penalty, samples: Int, _ gradient: Floats, _ weights: Floats,
        into sum: MutableFloats
    ) {
        expectVectors(sum.count, "penalize: sum")
        expect(gradient.count, sum.count, "penalize: gradient", penalty)
        expect(weights.count, sum.count, "penalize: weights", penalty)
        loops.penalize(penalty, samples: samples, gradient, weights, into: sum)
    }

    /// Shortens the columns of a kernel that are too long, in place: `w min(norm, limit) / (norm + 1e-7)`, as Keras's
    /// `MaxNorm`.
    public func shorten(_ limit: ParameterLayout.Limit, _ weights: MutableFloats) {
        precondition(
            limit.rows > 0 && weights.count % (16 * limit.rows) == 0,
            "shorten: \(weights.count) floats are no columns of \(limit.rows)")
        loops.shorten(limit, weights)
    }

    /// The sums of the magnitudes and of the squares of floats.
    public func magnitudes(_ values: Floats) -> (absolute: Double, squares: Double) {
        expectVectors(values.count, "magnitudes: values")
        return loops.magnitudes(values)
    }

    /// Whether none of the floats is infinite or NaN. They may lie at any byte.
    public func isFinite(_ values: UnsafeRawBufferPointer) -> Bool {
        precondition(values.count % 4 == 0, "isFinite: \(values.count) bytes are not floats")
        return loops.isFinite(values)
    }

    public func sgd(_ step: SGDStep, _ slice: OptimizerSlice) {
        slice.check("sgd", first: step.momentum != 0, second: false)
        loops.sgd(step, slice)
    }

    public func rmsprop(_ step: RMSpropStep, _ slice: OptimizerSlice) {
        slice.check("rmsprop", first: step.momentum != 0, second: true)
        loops.rmsprop(step, slice)
    }

    public func adam(_ step: AdamStep, _ slice: OptimizerSlice) {
        slice.check("adam", first: true, second: true)
        loops.adam(step, slice)
    }

    public func adagrad(_ step: AdagradStep, _ slice: OptimizerSlice) {
        slice.check("adagrad", first: true, second: false)
        loops.adagrad(step, slice)
    }

    public func adamDirection(_ step: AdamDirectionStep, _ slice: OptimizerSlice) {
        slice.check("adamDirection", first: true, second: true)
        loops.adamDirection(step, slice)
    }

    /// Runs the register tile alone and returns the FLOPs done: about 2^27 a round, near a millisecond
    /// at 130 GFLOP/s. The caller holds the clock.
    public func peakProbe(rounds: Int) -> Double { loops.peakProbe(rounds: rounds) }

    /// e^x of each element, in place.
    public func exponential(_ values: MutableFloats) {
        expectVectors(values.count, "exponential: values")
        loops.exponential(values)
    }

    /// ln x of each element, in place.
    public func logarithm(_ values: MutableFloats) {
        expectVectors(values.count, "logarithm: values")
        loops.logarithm(values)
    }
}

private func expectVectors(_ count: Int, _ buffer: @autoclosure () -> String) {
    precondition(count % 16 == 0, "\(buffer()) holds \(count) floats, not a multiple of 16")
}

extension Rows {
    public var floatCount: Int { count * stored }

    fileprivate func check() {
        precondition(
            stored % 16 == 0 && live > 0 && live <= stored && count >= 0,
            "Rows: \(live) live channels of \(stored) in \(count) rows")
    }
}

extension DropoutDraw {
    fileprivate func check() {
        precondition(rate >= 0 && rate < 1, "DropoutDraw: rate \(rate) is not in [0, 1)")
        precondition(
            storedChannels % 16 == 0 && liveChannels > 0 && liveChannels <= storedChannels,
            "DropoutDraw: \(liveChannels) live channels of \(storedChannels)")
        precondition(
            streams.count <= images, "DropoutDraw: \(streams.count) streams for \(images) images")
    }
}

extension LossRows {
    fileprivate func check(
        _ kernel: String, _ logits: MutableFloats, _ losses: MutableFloats,
        _ correct: MutableBytes, labels classes: Int
    ) {
        precondition(
            stored % 16 == 0 && self.classes > 0 && self.classes <= stored,
            "\(kernel): \(self.classes) classes in \(stored) floats")
        precondition(
            labels.count <= images, "\(kernel): \(labels.count) labels for \(images) images")
        precondition(
            labels.allSatisfy { $0 >= 0 && $0 < classes },
            "\(kernel): a label is outside 0..<\(classes)")
        precondition(
            partners.count == shares.count && (shares.isEmpty || shares.count == labels.count)
                && partners.allSatisfy { $0 >= 0 && $0 < classes }
                && shares.allSatisfy { 0...1 ~= $0 },
            "\(kernel): \(partners.count) partners, \(shares.count) shares for \(labels.count) labels"
        )
        precondition(0...1 ~= smoothing, "\(kernel): smoothing \(smoothing) is not in 0...1")
        expect(logits.count, images * stored, "\(kernel): logits", self)
        expect(losses.count, images, "\(kernel): losses", self)
        expect(correct.count, images, "\(kernel): correct", self)
    }
}

extension OptimizerSlice {
    func check(_ kernel: String, first usesFirst: Bool, second usesSecond: Bool) {
        let count = weights.count
        expectVectors(count, "\(kernel): weights")
        expect(gradient.count, count, "\(kernel): gradient", count)
        expect(newWeights.count, count, "\(kernel): new weights", count)
        if usesFirst { expect(first.count, count, "\(kernel): first slot", count) }
        if usesSecond { expect(second.count, count, "\(kernel): second slot", count) }
    }
}
