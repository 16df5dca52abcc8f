// SPDX-License-Identifier: Apache-2.0

import Configuration
import Tensors

/// The product of layers of one shape, element by element. Some of them may be `[1, 1, C]`: factors of the
/// channels of all pixels.
public struct Multiply: Layer, Hashable {
    public static let kerasName = "Multiply"
    public static let inputCount = 2...Int.max

    public init() {}
    public init(fields: inout Fields) throws(ConfigError) {}
    public var fields: [ConfigValue.Entry] { [] }

    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
        let largest = inputs.max { $0.count < $1.count } ?? inputs[0]
        for input in inputs where input != largest {
            guard largest.rank == 3, input == [1, 1, largest[2]] else {
                throw LayerError(
                    code: .shapeMismatch,
                    detail: "cannot multiply \(largest) by \(input); give all inputs one shape, or"
                        + " (1, 1, channels) to factors of channels (GlobalAveragePooling2D with"
                        + " keepdims: true)")
            }
        }
        return largest
    }

    public func lower(into network: inout Lowering) throws(LayerError) {
        for branch in network.branches { try network.multiply(by: branch) }
    }
}

extension Lowering {
    fileprivate mutating func multiply(by other: Signal) throws(LayerError) {
        var factors = other
        if factors.height * factors.width > signal.height * signal.width {
            (signal, factors) = (factors, signal)
        }
        let isSame = (signal.height, signal.width) == (factors.height, factors.width)
        guard signal.stored == factors.stored, isSame || factors.height * factors.width == 1 else {
            throw LayerError(
                code: .unsupported,
                detail: "one input lies in memory as an image \(signal.height)x\(signal.width), the"
                    + " other as \(factors.height)x\(factors.width); multiply before Flatten")
        }
        append(
            MultiplyStage(
                layer: layer, count: signal.height * signal.width * images * signal.stored),
            and: [factors.value])
    }
}
