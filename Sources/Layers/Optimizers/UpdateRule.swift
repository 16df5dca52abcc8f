// SPDX-License-Identifier: Apache-2.0
//
// From the sums of a step to new weights.

import Tensors

/// An optimizer, and what every optimizer can have: clipped gradients, weight decay, averaged weights.
public struct UpdateRule: Sendable {
    /// How a gradient is kept from being too long, before anything else.
    public enum Clipping: Hashable, Sendable {
        /// Each element into -limit...limit.
        case value(Double)
        /// Each tensor that is longer than this is shortened to it.
        case norm(Double)
        /// The same for all tensors together.
        case globalNorm(Double)
    }

    public var optimizer: any Optimizer
    public var clipping: Clipping?
    /// The share, times the learning rate, by which weights shrink before their step.
    public var weightDecay: Double
    /// Parts of the names of parameters that do not shrink: `bias`, `gamma`.
    public var excludeFromWeightDecay: [String]
    /// Momentum of the moving average of the weights that a training ends with; nil if it ends with the weights.
    public var emaMomentum: Double?

    public init(
        _ optimizer: any Optimizer, clipping: Clipping? = nil, weightDecay: Double? = nil,
        excludeFromWeightDecay: [String] = [], emaMomentum: Double? = nil
    ) {
        self.optimizer = optimizer
        self.clipping = clipping
        self.weightDecay = weightDecay ?? type(of: optimizer).defaultWeightDecay ?? 0
        self.excludeFromWeightDecay = excludeFromWeightDecay
        self.emaMomentum = emaMomentum
    }

    /// Twins of the flat buffer that hold state: the optimizer's, then the moving average.
    public var slots: Int { optimizer.slots + (emaMomentum == nil ? 0 : 1) }
    /// What a slot holds before the first step.
    public func start(ofSlot slot: Int) -> Float {
        slot < optimizer.slots ? optimizer.slotStart : 0
    }
    /// Which slot is the moving average of the weights, if there is one.
    public var averageSlot: Int? { emaMomentum == nil ? nil : optimizer.slots }

    /// Whether no element can be stepped before the sums of all are there: a norm is of a whole tensor, or of a column
    /// of one, which may lie in several chunks.
    public func needsWholeGradient(_ layout: ParameterLayout) -> Bool {
        clipping != nil || optimizer.takesWholeTensors || layout.hasLimits
    }

    /// A step of training.
    public struct Step: Hashable, Sendable {
        /// From 1.
        public var number: Int
        /// By which the gradient's sum is divided.
        public var samples: Int
        /// In place of the optimizer's; nil if that counts.
        public var rate: Double?

        public init(_ number: Int, samples: Int, rate: Double? = nil) {
            precondition(number > 0, "UpdateRule: step \(number), but steps count from 1")
            self.number = number
            self.samples = samples
            self.rate = rate
        }
    }

    /// One step on a slice of the flat buffers that begins at `start`: what is trained follows its gradient, what is
    /// averaged moves to the step's mean, what is frozen stays.
    ///
    /// - Parameter scratch: As many floats as the slice has, overwritten; none where there are no penalties, or where
    ///   the whole gradient is there.
    /// - Precondition: With `needsWholeGradient` the slice is the whole; its gradient is written to.
    public func apply(
        _ kernels: KernelSet, _ step: Step, _ slice: OptimizerSlice, at start: Int,
        of layout: ParameterLayout, scratch: MutableFloats = MutableFloats(start: nil, count: 0)
    ) {
        let all = start..<start + slice.weights.count
        let needsWholeGradient = self.needsWholeGradient(layout)
        precondition(
            !needsWholeGradient || all == 0..<layout.count,
            "UpdateRule: elements \(all) of \(layout.count), but the rule needs all of them")
        let rate = step.rate ?? optimizer.learningRate.rate(at: step.number - 1)
        if needsWholeGradient { finishGradient(kernels, step.samples, slice, layout) }
        var place = all.lowerBound
        func train(until next: Int) {
            guard next > place else { return }
            let range = place..<next
            let part = slice[range.lowerBound - start..<range.upperBound - start]
            self.train(kernels, step, rate: rate, part, range, layout)
        }
        for entry in layout.exceptions where entry.range.overlaps(all) {
            let range = entry.range.clamped(to: all)
            train(until: range.lowerBound)
            var part = slice[range.lowerBound - start..<range.upperBound - start]
            switch entry.renewal {
            case .averaged(let momentum):
                kernels.movingAverage(
                    MovingAverageStep(samples: Float(step.samples), rest: Float(1 - momentum)),
                    part)
            case .frozen: part.copyWeights()
            case .trained:
                if !needsWholeGradient {
                    let sum = MutableFloats(rebasing: scratch[..<range.count])
                    kernels.penalize(
                        entry.penalty, samples: step.samples, part.gradient, part.weights,
                        into: sum)
                    part.gradient = Floats(sum)
                }
                self.train(kernels, step, rate: rate, part, range, layout)
            }
            place = range.upperBound
        }
        train(until: all.upperBound)
        if let emaMomentum { average(emaMomentum, kernels, step, slice) }
        for entry in layout.entries {
            if let limit = entry.limit { kernels.shorten(limit, slice[entry.range].newWeights) }
        }
    }

    /// A slice of trained parameters only.
    private func train(
        _ kernels: KernelSet, _ step: Step, rate: Double, _ slice: OptimizerSlice,
        _ range: Range<Int>, _ layout: ParameterLayout
    ) {
        var slice = slice
        var optimizerStep = OptimizerStep(number: step.number, samples: step.samples, rate: rate)
        if weightDecay > 0 {
            slice.copyWeights()
            for entry in layout.entries
            where entry.range.overlaps(range)
                && !excludeFromWeightDecay.contains(where: { entry.name.contains($0) })
            {
                let part = entry.range.clamped(to: range)
                let weights = slice[
                    part.lowerBound - range.lowerBound..<part.upperBound - range.lowerBound
                ]
                .newWeights
                kernels.affine(
                    scale: Float(1 - weightDecay * rate), offset: 0, .vectors(weights.count),
                    weights)
            }
            slice.weights = Floats(slice.newWeights)
        }
        guard optimizer.takesWholeTensors else {
            return optimizer.apply(kernels, optimizerStep, slice)
        }
        for entry in layout.entries where range.contains(entry.range.lowerBound) {
            optimizerStep.isVector = entry.shape.rank == 1
            optimizer.apply(
                kernels, optimizerStep,
                slice[
                    entry.range.lowerBound - range.lowerBound..<entry.range.upperBound
                        - range.lowerBound])
        }
    }

    /// Penalties are a part of the gradient that is clipped.
    private func finishGradient(
        _ kernels: KernelSet, _ samples: Int, _ slice: OptimizerSlice, _ layout: ParameterLayout
    ) {
        let gradient = MutableFloats(mutating: slice.gradient)
        for entry in layout.exceptions where entry.renewal == .trained {
            let part = slice[entry.range]
            kernels.penalize(
                entry.penalty, samples: samples, part.gradient, part.weights,
                into: MutableFloats(rebasing: gradient[entry.range]))
        }
        if let clipping { clip(clipping, kernels, samples, gradient, layout) }
    }

    private func clip(
        _ clipping: Clipping, _ kernels: KernelSet, _ samples: Int, _ gradient: MutableFloats,
        _ layout: ParameterLayout
    ) {
        let tensors = layout.entries.filter { $0.renewal == .trained }.map { gradient[$0.range] }
            .map { MutableFloats(rebasing: $0) }
        /// Shortens tensors to a length, if they are longer: of the mean over the batch.
        func shorten(_ tensors: [MutableFloats], to limit: Double) {
            var squares = 0.0
            for tensor in tensors { squares += kernels.magnitudes(Floats(tensor)).squares }
            let length = squares.squareRoot() / Double(samples)
            guard length > limit else { return }
            for tensor in tensors {
                kernels.affine(
                    scale: Float(limit / length), offset: 0, .vectors(tensor.count), tensor)
            }
        }
        switch clipping {
        case .value(let limit):
            for tensor in tensors { kernels.clip(tensor, limit: Float(limit * Double(samples))) }
        case .norm(let limit): for tensor in tensors { shorten([tensor], to: limit) }
        case .globalNorm(let limit): shorten(tensors, to: limit)
        }
    }

    /// What a training ends with: where there is a moving average, it takes the place of what was trained.
    ///
    /// - Parameter average: The slot; empty where there is none.
    public func finish(_ weights: MutableFloats, average: Floats, _ layout: ParameterLayout) {
        guard !average.isEmpty else { return }
        for entry in layout.entries where entry.renewal == .trained {
            let place = MutableFloats(rebasing: weights[entry.range])
            _ = place.update(fromContentsOf: average[entry.range])
        }
    }

    /// The average moves towards the new weights, with the first step all the way.
    private func average(
        _ momentum: Double, _ kernels: KernelSet, _ step: Step, _ slice: OptimizerSlice
    ) {
        kernels.movingAverage(
            MovingAverageStep(samples: 1, rest: step.number == 1 ? 1 : Float(1 - momentum)),
            OptimizerSlice(
                gradient: Floats(slice.newWeights), weights: Floats(slice.average),
                newWeights: slice.average, first: .init(start: nil, count: 0),
                second: .init(start: nil, count: 0)))
    }
}
