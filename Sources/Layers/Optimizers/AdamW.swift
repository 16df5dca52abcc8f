// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// Adam with a weight decay of its own accord: 0.004 unless a job says otherwise.
///
/// - Source: Loshchilov and Hutter (2017), "Decoupled Weight Decay Regularization".
public struct AdamW: Optimizer, Hashable {
    public static let kerasName = "adamw"
    public static let defaultWeightDecay: Double? = 0.004

    public var adam: Adam

    public init(_ adam: Adam = Adam()) { self.adam = adam }

    public init(fields: inout Fields) throws(ConfigError) { adam = try Adam(fields: &fields) }

    public var fields: [ConfigValue.Entry] { adam.fields }
    public var learningRate: LearningRate { adam.learningRate }
    public var slots: Int { adam.slots }

    public func apply(_ kernels: KernelSet, _ step: OptimizerStep, _ slice: OptimizerSlice) {
        adam.apply(kernels, step, slice)
    }
}
