// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a model, or with the numbers that went through it: which layer, what was found,
/// what to do.
public struct LayerError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable {
        /// A layer cannot take the shape that the layer before it makes.
        case shapeMismatch
        /// A layer reads one that is not there, or nobody reads what it computes.
        case wiring
        /// A combination that the engine does not compute.
        case unsupported
        /// The last layer does not fit the loss or the data.
        case lossMismatch
        /// Tensors of another model, or an incomplete set of them.
        case tensorMismatch
        /// A loss or a gradient is NaN or infinite.
        case notFinite
        /// Whoever asked for a shard gave it up before its weights were there.
        case interrupted
    }

    public let code: Code
    /// The layer's name as in the summary (`conv2d_1`), or a parameter's (`conv2d_1/kernel`).
    public let layer: String
    public let detail: String

    public init(code: Code, layer: String = "", detail: String) {
        self.code = code
        self.layer = layer
        self.detail = detail
    }

    public var description: String { layer.isEmpty ? detail : "\(layer): \(detail)" }

    /// The same error, told of the layer called `name`.
    func named(_ name: String) -> LayerError {
        LayerError(code: code, layer: layer.isEmpty ? name : layer, detail: detail)
    }
}
