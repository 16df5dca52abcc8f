// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// What a layer with a kernel and a bias may say about them, by Keras's names: read, written and kept in one
/// place.
public struct WeightOptions: Hashable, Sendable {
    public var kernelInitializer: Initializer
    public var biasInitializer: Initializer
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var kernelConstraint: MaxNorm?

    public init(
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        kernelConstraint: MaxNorm? = nil
    ) {
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        self.biasRegularizer = biasRegularizer
        self.kernelConstraint = kernelConstraint
    }

    init(fields: inout Fields) throws(ConfigError) {
        self.init()
        if let value = fields.value("kernel_initializer") {
            kernelInitializer = try Initializer(value, path: "\(fields.path).kernel_initializer")
        }
        if let value = fields.value("bias_initializer") {
            biasInitializer = try Initializer(value, path: "\(fields.path).bias_initializer")
        }
        if let value = fields.value("kernel_regularizer") {
            kernelRegularizer = try Regularizer(value, path: "\(fields.path).kernel_regularizer")
        }
        if let value = fields.value("bias_regularizer") {
            biasRegularizer = try Regularizer(value, path: "\(fields.path).bias_regularizer")
        }
        if let value = fields.value("kernel_constraint") {
            kernelConstraint = try MaxNorm(value, path: "\(fields.path).kernel_constraint")
        }
    }

    /// What is off is not written.
    var fields: [ConfigValue.Entry] {
        var fields: [ConfigValue.Entry] = [
            .init("kernel_initializer", kernelInitializer.encoded),
            .init("bias_initializer", biasInitializer.encoded),
        ]
        if let kernelRegularizer {
            fields.append(.init("kernel_regularizer", kernelRegularizer.encoded))
        }
        if let biasRegularizer {
            fields.append(.init("bias_regularizer", biasRegularizer.encoded))
        }
        if let kernelConstraint {
            fields.append(.init("kernel_constraint", kernelConstraint.encoded))
        }
        return fields
    }

    var kernelPenalty: ParameterLayout.Penalty { kernelRegularizer?.penalty ?? .init() }
    var biasPenalty: ParameterLayout.Penalty { biasRegularizer?.penalty ?? .init() }
}
