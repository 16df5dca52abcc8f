// SPDX-License-Identifier: Apache-2.0

import Engines
import Layers
import Tensors
import Testing

/// Whole tiny models against Keras in double precision: the differences are our rounding alone.
@Suite struct KerasTests {
    /// Of the largest value of a tensor: 2^-24 for each rounding, times the root of their number (up to
    /// some hundred products in each of five layers, forward and back), times a few for Winograd's
    /// transforms and for sums that cancel. Measured: 1.1e-6.
    static let tolerance: Float = 4e-6
    /// Adam divides by the root of mean squares: where a gradient is small, so is what it is divided by,
    /// and its rounding becomes one of the step. Measured after ten steps: 6.2e-6.
    static let toleranceOfSteps: Float = 2e-5

    @Test func thereAreGoldens() { #expect(Golden.all.count >= 59) }

    @Test(arguments: Golden.all)
    func lossIsThatOfKeras(_ golden: Golden) throws {
        let metrics = try Trial(golden).train().metrics
        #expect(metrics.samples == golden.labels.count)
        #expect(abs(metrics.lossSum - golden.lossSum) <= Double(Self.tolerance) * golden.lossSum)
    }

    @Test(arguments: Golden.all.filter { $0.penalty != nil }, Engine.available.indices)
    func penaltyIsThatOfKeras(_ golden: Golden, engine: Int) throws {
        let trial = try Trial(golden), expected = try #require(golden.penalty)
        let found = trial.weights.withUnsafeBufferPointer {
            trial.model.parameters.penalty(of: $0, at: 0, Engine.available[engine])
        }
        // Keras rounds its factors to single precision; weights are the same numbers on both sides.
        #expect(abs(found - expected) <= 0x1p-24 * expected)
    }

    @Test(arguments: Golden.all)
    func probabilitiesAreThoseOfKeras(_ golden: Golden) throws {
        let found = try Trial(golden).predict()
        #expect(relativeError(found, golden.probabilities) <= Self.tolerance)
    }

    @Test(arguments: Golden.all, [true, false])
    func gradientsAreThoseOfKeras(_ golden: Golden, winograd: Bool) throws {
        let trial = try Trial(golden, winograd: winograd)
        let found = trial.model.tensors(try trial.train().gradient)
        for expected in golden.gradients {
            let error = relativeError(try #require(found[expected.name]), expected.values)
            #expect(error <= Self.tolerance, "\(expected.name)")
        }
    }

    @Test(arguments: Golden.all)
    func evaluationCountsWhatKerasPredicts(_ golden: Golden) throws {
        let trial = try Trial(golden), metrics = try trial.evaluate()
        let outputs = golden.probabilities.count / golden.labels.count
        let correct = golden.labels.indices.count { image in
            if trial.model.loss.isRegression { return false }
            let row = golden.probabilities[image * outputs..<(image + 1) * outputs]
            let middle: Float = trial.model.loss == .hinge ? 0 : 0.5
            if outputs == 1 { return (row.first! > middle) == (golden.labels[image] == 1) }
            let shares = golden.targets.map { $0[image * outputs..<(image + 1) * outputs] }
            let label = shares.map { $0.firstIndex(of: $0.max()!)! - $0.startIndex }
            return row.max() == row[row.startIndex + (label ?? Int(golden.labels[image]))]
        }
        #expect(metrics.correct == correct)
        let expected = golden.evaluationLossSum
        #expect(abs(metrics.lossSum - expected) <= Double(Self.tolerance) * expected)
    }

    @Test(arguments: Golden.all)
    func weightsAfterSomeStepsAreThoseOfKeras(_ golden: Golden) throws {
        for steps in golden.steps {
            let optimizer = try UpdateRule(steps.optimizer.config, path: "optimizer")
            var trial = try Trial(golden)
            try trial.descend(optimizer, steps: steps.count)
            let found = trial.model.tensors(trial.weights)
            for expected in steps.weights {
                let error = relativeError(try #require(found[expected.name]), expected.values)
                #expect(
                    error <= Self.toleranceOfSteps,
                    "\(optimizer) \(steps.count) steps: \(expected.name)")
            }
        }
    }
}
