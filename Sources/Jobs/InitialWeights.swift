// SPDX-License-Identifier: Apache-2.0

import Configuration

/// `training.initial_weights:` whose weights the training starts from.
///
///     initial_weights: runs/other
///     initial_weights: {path: runs/other/model.safetensors, skip_mismatch: true}
///
/// Layers are found by their names. Which file it was is no part of a job's identity: the digest of the weights
/// that the training starts from is.
public struct InitialWeights: Sendable, Equatable {
    /// A run folder, or a file of weights.
    public var path: String
    /// Whether a layer that the file does not have, or has in another shape, starts as its initializer says; else
    /// it is an error.
    public var skipMismatch: Bool

    public init(path: String, skipMismatch: Bool = false) {
        self.path = path
        self.skipMismatch = skipMismatch
    }

    /// - Returns: nil if the field is absent.
    init?(fields: inout Fields) throws(ConfigError) {
        guard let value = fields.value("initial_weights") else { return nil }
        if case .scalar(let path) = value.kind {
            self.init(path: path)
            return
        }
        var inner = try Fields(value, path: "training.initial_weights")
        self.init(
            path: try inner.string("path"),
            skipMismatch: try inner.bool("skip_mismatch", default: false))
        try inner.finish()
    }

    func encoded() -> ConfigValue {
        .map([.init("path", .scalar(path)), .init("skip_mismatch", .scalar(skipMismatch))])
    }
}
