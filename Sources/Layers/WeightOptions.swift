// SPDX-License-Identifier: Apache-2.0

import Configuration

/// What a layer with a kernel and a bias may say about them, by Keras's names: read, written and kept in one
/// place.
public struct WeightOptions: Hashable, Sendable {
    public var kernelInitializer: Initializer
    public var biasInitializer: Initializer

    public init(
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
    ) {
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
    }

    init(fields: inout Fields) throws(ConfigError) {
        self.init()
        if let value = fields.value("kernel_initializer") {
            kernelInitializer = try Initializer(value, path: "\(fields.path).kernel_initializer")
        }
        if let value = fields.value("bias_initializer") {
            biasInitializer = try Initializer(value, path: "\(fields.path).bias_initializer")
        }
    }

    var fields: [ConfigValue.Entry] {
        [
            .init("kernel_initializer", kernelInitializer.encoded),
            .init("bias_initializer", biasInitializer.encoded),
        ]
    }
}
