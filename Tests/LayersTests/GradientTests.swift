// SPDX-License-Identifier: Apache-2.0

import Engines
import Foundation
import Layers
import Tensors
import Testing

/// Backward passes against finite differences of a network in double precision.
@Suite struct GradientTests {
    /// Of a tensor's largest value; see `KerasTests.tolerance`. The slopes' own error is below 1e-8.
    static let tolerance = 1e-5
    /// A logit's gradient is a probability less 0 or 1, which rounds to 2^-24; where those of three
    /// images cancel, twice three such errors are what is left.
    static let cancellation = 6 * 0x1p-24
    /// A normalisation divides gradients by a deviation, which may be that of three numbers: down to the
    /// root of epsilon, 0.03. And what is added before it has no gradient but such errors.
    static let smallDeviations = 64.0

    @Test(arguments: 0..<40, [true, false])
    func gradientOfARandomModelIsTheSlopeOfItsLoss(seed: Int, winograd: Bool) throws {
        try check(Model.random(seed: UInt64(seed), winograd: winograd), seed: seed)
    }

    /// First layers of each kind on images of any number of channels, with filters that fill no 16.
    @Test(arguments: 1...17, 0..<5)
    func gradientOfAFirstLayerIsTheSlopeOfItsLoss(channels: Int, kind: Int) throws {
        let first: [[any Layer]] = [
            [Conv2D(5, kernelSize: Size2D(3), activation: .relu), MaxPooling2D()],
            [Conv2D(18, kernelSize: Size2D(5), padding: .same, activation: .relu)],
            [Conv2D(3, kernelSize: Size2D(3, 2), strides: Size2D(2, 1))],
            [Dense(17, activation: .relu)],
            [Dropout(0.25), Conv2D(1, kernelSize: Size2D(1))],
        ]
        let model = try Model(
            layers: [Rescaling(scale: 1 / 127.5, offset: -1)] + first[kind]
                + [Flatten(), Dense(3)],
            input: [7, 6, channels], loss: .sparseCategoricalCrossentropy)
        try check(model, seed: channels * 8 + kind)
    }

    /// Two blocks, the second not full; in evaluation the same loss.
    @Test(arguments: [Loss.meanSquaredError, .meanAbsoluteError], [1, 5])
    func gradientOfARegressionIsTheSlopeOfItsLoss(loss: Loss, units: Int) throws {
        let model = try Model(
            layers: [
                Rescaling(scale: 1 / 127.5, offset: -1),
                Conv2D(5, kernelSize: Size2D(3), activation: .relu), Flatten(),
                Dense(units),
            ], input: [5, 6, 2], loss: loss, classes: units)
        let trial = Trial(model, samples: 21, seed: 9)
        let (metrics, flat) = try trial.train()
        var reference = ReferenceNetwork(trial)
        #expect(abs(metrics.lossSum - reference.lossSum) <= 2e-6 * reference.lossSum)
        #expect(metrics.correct == 0 && metrics.samples == 21)
        for (name, gradient) in model.tensors(flat) {
            let scale = Double(gradient.reduce(0) { max($0, abs($1)) })
            for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 20)) {
                let slope = reference.slope(of: name, at: index)
                #expect(
                    abs(Double(gradient[index]) - slope) <= 2 * Self.tolerance * scale, "\(name)")
            }
        }
        #expect(try trial.evaluate() == metrics)
        for kernels in Engine.available {
            #expect(try bits(trial.train(kernels).gradient) == bits(flat), "\(kernels.name)")
        }
    }

    /// Mixed labels, with class weights, in a shard of two blocks; in evaluation they are not mixed.
    @Test(arguments: [Loss.sparseCategoricalCrossentropy, .binaryCrossentropy])
    func gradientOfMixedLabelsIsTheSlopeOfTheirLoss(loss: Loss) throws {
        let units = loss == .binaryCrossentropy ? 1 : 3
        let model = try Model(
            layers: [
                Rescaling(scale: 1 / 127.5, offset: -1),
                Conv2D(5, kernelSize: Size2D(3), activation: .relu), Flatten(),
                Dense(units),
            ], input: [5, 6, 2], loss: loss)
        var trial = Trial(model, samples: 21, seed: 8)
        trial.partners = trial.labels.reversed()
        trial.shares = trial.labels.indices.map { Float($0 % 5) / 4 }
        trial.classWeights = [0.5, 2, 1.25]
        trial.sampleWeights = trial.labels.indices.map { Float($0 % 4) / 2 }
        let (metrics, flat) = try trial.train()
        var reference = ReferenceNetwork(trial)
        #expect(abs(metrics.lossSum - reference.lossSum) <= 2e-6 * reference.lossSum)
        for (name, gradient) in model.tensors(flat) {
            let scale = Double(gradient.reduce(0) { max($0, abs($1)) })
            for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 20)) {
                let slope = reference.slope(of: name, at: index)
                #expect(
                    abs(Double(gradient[index]) - slope) <= 2 * Self.tolerance * scale, "\(name)")
            }
        }
        var plain = trial
        (plain.partners, plain.shares, plain.classWeights) = ([], [], [])
        #expect(try trial.evaluate() == plain.evaluate())
        #expect(try trial.train().metrics != plain.train().metrics)
    }

    private static let shares: Loss = {
        var loss = Loss(.categoricalCrossentropy, labelSmoothing: 0.3)
        loss.isDense = true
        return loss
    }()

    /// Labels that are not all of one class, and those of hinge, in a shard of two blocks.
    @Test(arguments: [
        Loss(.sparseCategoricalCrossentropy, labelSmoothing: 0.1),
        Loss(.binaryCrossentropy, labelSmoothing: 0.2), .hinge, .categoricalCrossentropy, shares,
    ])
    func gradientOfOtherLabelsIsTheSlopeOfTheirLoss(loss: Loss) throws {
        let units = [.binaryCrossentropy, .hinge].contains(loss.kind) ? 1 : 5
        let model = try Model(
            layers: [
                Rescaling(scale: 1 / 127.5, offset: -1),
                Conv2D(5, kernelSize: Size2D(3), activation: .relu), Flatten(),
                Dense(units),
            ], input: [5, 6, 2], loss: loss)
        var trial = Trial(model, samples: 21, seed: 10)
        if loss.kind == .sparseCategoricalCrossentropy {
            trial.partners = trial.labels.reversed()
            trial.shares = trial.labels.indices.map { Float($0 % 5) / 4 }
        }
        if loss.isDense { trial.sampleWeights = trial.labels.indices.map { Float($0 % 3) } }
        let (metrics, flat) = try trial.train()
        var reference = ReferenceNetwork(trial)
        #expect(abs(metrics.lossSum - reference.lossSum) <= 2e-6 * reference.lossSum)
        for (name, gradient) in model.tensors(flat) {
            let scale = Double(gradient.reduce(0) { max($0, abs($1)) })
            for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 20)) {
                let slope = reference.slope(of: name, at: index)
                #expect(
                    abs(Double(gradient[index]) - slope) <= 2 * Self.tolerance * scale, "\(name)")
            }
        }
        for kernels in Engine.available {
            #expect(try bits(trial.train(kernels).gradient) == bits(flat), "\(kernels.name)")
        }
    }

    private func check(_ model: Model, seed: Int) throws {
        var trial = Trial(model, samples: 3, seed: UInt64(seed))
        trial.epoch = 2
        trial.firstPosition = 1000
        let (metrics, flat) = try trial.train()
        var reference = ReferenceNetwork(trial)
        #expect(abs(metrics.lossSum - reference.lossSum) <= 2e-6 * reference.lossSum)

        var draw = Draw(seed: UInt64(seed) + 99)
        let isNormalized = model.layers.contains {
            $0 is BatchNormalization || $0 is LayerNormalization || $0 is GroupNormalization
        }
        let cancellation = Self.cancellation * (isNormalized ? Self.smallDeviations : 1)
        for (name, gradient) in model.tensors(flat) {
            let scale = Double(gradient.reduce(0) { max($0, abs($1)) })
            if name.contains("/moving_") {
                let expected = reference.statisticSum(name)
                // Of channels that do not vary at all, rounding is all there is.
                if expected.allSatisfy({ abs($0) < 1e-12 }), scale < 1e-9 { continue }
                // A mean near zero is as exact as the values that it is the mean of.
                let isMean = name.hasSuffix("mean"), count = Double(trial.labels.count)
                let variances = reference.statisticSum(
                    name.replacing("moving_mean", with: "moving_variance"))
                let spread = isMean ? variances.map { ($0 * count).squareRoot() } : []
                let largest = (expected.map { abs($0) } + spread).max()!
                let errors = zip(gradient, expected).map { abs(Double($0) - $1) }
                #expect(
                    errors.max()! <= 1e-5 * largest,
                    "\(name) of \(model.layers): \(gradient), \(expected)")
                continue
            }
            for _ in 0..<3 {
                let index = draw.int(in: 0, gradient.count - 1)
                let slope = reference.slope(of: name, at: index)
                #expect(
                    abs(Double(gradient[index]) - slope) <= Self.tolerance * scale
                        + cancellation,
                    "\(name)[\(index)] of \(model.layers)")
            }
        }
    }

    @Test(arguments: 0..<40)
    func evaluationAndPredictionOfARandomModelAreTheReference(seed: Int) throws {
        let trial = Trial(
            try Model.random(seed: UInt64(seed)), samples: 5, seed: UInt64(seed))
        var reference = ReferenceNetwork(trial)
        reference.isTraining = false
        let metrics = try trial.evaluate()
        #expect(abs(metrics.lossSum - reference.lossSum) <= 2e-6 * reference.lossSum)
        let outputs = trial.model.outputs
        let logits = reference.logits()
        for (image, found) in trial.predict().enumerated() where image % outputs == 0 {
            let expected = reference.loss(logits[image / outputs], outputs == 1 ? 1 : 0)
            #expect(abs(Double(found) - exp(-expected)) <= 2e-6)
        }
    }
}
