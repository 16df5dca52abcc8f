// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of the optimizers take, and the formulas of their steps.

/// A contiguous slice of the flat buffers that an optimizer works on. All have the same count, a multiple
/// of 16, but slots an optimizer does not use, which are empty.
public struct OptimizerSlice {
    /// The sum over the batch; the kernels divide it by the sample count.
    public var gradient: Floats
    public var weights: Floats
    /// May be the same memory as `weights`.
    public var newWeights: MutableFloats
    /// Momentum; first moment of Adam.
    public var first: MutableFloats
    /// Mean square of RMSprop; second moment of Adam.
    public var second: MutableFloats
    /// The moving average of the weights.
    public var average: MutableFloats

    public init(
        gradient: Floats, weights: Floats, newWeights: MutableFloats, first: MutableFloats,
        second: MutableFloats, average: MutableFloats = .init(start: nil, count: 0)
    ) {
        self.gradient = gradient
        self.weights = weights
        self.newWeights = newWeights
        self.first = first
        self.second = second
        self.average = average
    }

    /// The weights as they are become the new ones.
    public func copyWeights() {
        guard weights.baseAddress != Floats(newWeights).baseAddress else { return }
        _ = newWeights.update(fromContentsOf: weights)
    }

    /// A part of the slice. Slots that are empty stay so.
    public subscript(range: Range<Int>) -> OptimizerSlice {
        func part(_ floats: MutableFloats) -> MutableFloats {
            floats.isEmpty ? floats : MutableFloats(rebasing: floats[range])
        }
        return OptimizerSlice(
            gradient: Floats(rebasing: gradient[range]), weights: Floats(rebasing: weights[range]),
            newWeights: part(newWeights), first: part(first), second: part(second),
            average: part(average))
    }
}

/// Keras: `v = momentum * v - rate * g; w += v`, or with Nesterov `w += momentum * v - rate * g`.
public struct SGDStep: Hashable, Sendable {
    public var samples: Float, rate: Float, momentum: Float, nesterov: Bool
    public init(samples: Float, rate: Float, momentum: Float, nesterov: Bool) {
        self.samples = samples
        self.rate = rate
        self.momentum = momentum
        self.nesterov = nesterov
    }
}

/// Keras: `s = rho * s + (1 - rho) * g²; d = rate * g / sqrt(s + epsilon)`, with momentum `v = momentum *
/// v + d; w -= v`.
public struct RMSpropStep: Hashable, Sendable {
    public var samples: Float, rate: Float, rho: Float, momentum: Float, epsilon: Float
    public init(samples: Float, rate: Float, rho: Float, momentum: Float, epsilon: Float) {
        self.samples = samples
        self.rate = rate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
    }
}

/// Keras: `m += (g - m) * (1 - beta1); v += (g² - v) * (1 - beta2); w -= m * rate / (sqrt(v) + epsilon)`,
/// where `rate` already holds the bias correction.
public struct AdamStep: Hashable, Sendable {
    public var samples: Float, rate: Float, beta1: Float, beta2: Float, epsilon: Float
    public init(samples: Float, rate: Float, beta1: Float, beta2: Float, epsilon: Float) {
        self.samples = samples
        self.rate = rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }
}

/// Keras: `a += g²; w -= rate * g / sqrt(a + epsilon)`.
public struct AdagradStep: Hashable, Sendable {
    public var samples: Float, rate: Float, epsilon: Float
    public init(samples: Float, rate: Float, epsilon: Float) {
        self.samples = samples
        self.rate = rate
        self.epsilon = epsilon
    }
}

/// Adam's moments as in `AdamStep`; in the place of new weights stands the direction in which they would move,
/// `m * scale1 / (sqrt(v * scale2) + epsilon)`, where the scales are the bias corrections.
public struct AdamDirectionStep: Hashable, Sendable {
    public var samples: Float, beta1: Float, beta2: Float, scale1: Float, scale2: Float
    public var epsilon: Float
    public init(
        samples: Float, beta1: Float, beta2: Float, scale1: Float, scale2: Float, epsilon: Float
    ) {
        self.samples = samples
        self.beta1 = beta1
        self.beta2 = beta2
        self.scale1 = scale1
        self.scale2 = scale2
        self.epsilon = epsilon
    }
}

/// `average += (gradient / samples - average) * rest`: a moving average of what a step measured, whose sum
/// over the batch travels as the gradients do. `rest` is 1 - momentum.
public struct MovingAverageStep: Hashable, Sendable {
    public var samples: Float, rest: Float
    public init(samples: Float, rest: Float) {
        self.samples = samples
        self.rest = rest
    }
}
