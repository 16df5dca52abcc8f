// SPDX-License-Identifier: Apache-2.0
//
// What every optimizer can do. A new one is its file and one line below.

import Configuration
import Tensors

/// Turns the gradient of a step into new weights.
///
/// Where no element depends on another, any contiguous slice of the flat buffers can be stepped as soon as its
/// gradient is complete, on any thread, with the same bits.
public protocol Optimizer: Sendable {
    /// The name in job files, in lower case as Keras's `compile` takes it: `adam`.
    static var kerasName: String { get }

    /// The weight decay of a job that does not say; see `UpdateRule.weightDecay`. Nil for an optimizer that has
    /// its own way of it.
    static var defaultWeightDecay: Double? { get }

    init(fields: inout Fields) throws(ConfigError)
    /// All fields with their resolved values, in Keras's order.
    var fields: [ConfigValue.Entry] { get }

    var learningRate: LearningRate { get }

    /// Twins of the flat buffer that hold state: `first` if 1 or more, `second` if 2.
    var slots: Int { get }
    /// What they hold before the first step.
    var slotStart: Float { get }
    /// Whether a step needs the norms of whole tensors: then a slice is one tensor, and the memory of its gradient
    /// may be written to.
    var takesWholeTensors: Bool { get }

    /// One step on a slice.
    ///
    /// - Parameter slice: Its slots beyond `slots` are empty.
    func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice)
}

/// Which step an optimizer does.
public struct OptimizerStep: Hashable, Sendable {
    /// From 1.
    public var number: Int
    /// By which the gradient's sum is divided.
    public var samples: Int
    public var rate: Double
    /// Whether the slice is a tensor of one axis: a bias, or a factor of a normalisation.
    public var isVector: Bool

    public init(number: Int, samples: Int, rate: Double, isVector: Bool = false) {
        self.number = number
        self.samples = samples
        self.rate = rate
        self.isVector = isVector
    }
}

extension Optimizer {
    public static var defaultWeightDecay: Double? { 0 }
    public var slotStart: Float { 0 }
    public var takesWholeTensors: Bool { false }
    public var kerasName: String { Self.kerasName }
}

/// Every kind of optimizer, in the order in which messages list them.
public let optimizerKinds: [any Optimizer.Type] = [
    SGD.self, RMSprop.self, Adam.self, AdamW.self, Adagrad.self, Lamb.self, LARS.self,
]

extension Double {
    /// This number to the power of a whole number: squarings and products, the same on every machine.
    func raised(to exponent: Int) -> Double {
        precondition(exponent >= 0, "raised(to:): exponent \(exponent) is negative")
        var (result, square, rest) = (1.0, self, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
