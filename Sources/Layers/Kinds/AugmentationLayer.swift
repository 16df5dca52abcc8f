// SPDX-License-Identifier: Apache-2.0
//
// What the layers that vary images have in common: where they stand, and what they find beyond the edges.

import Configuration
import Tensors

/// A layer that varies training images and leaves all others as they are.
///
/// It is done to pixels, before they reach the network: whoever decodes them asks the job for these layers.
/// To the network it is nothing, so it stands before all layers but `Rescaling`. What an image becomes
/// depends on the job's seed, the epoch and the image's position in the epoch's order.
public protocol AugmentationLayer: Layer {}

extension AugmentationLayer {
    public func outputShape(for input: Shape) throws(LayerError) -> Shape { input }

    public func lower(into network: inout Lowering) throws(LayerError) {}
}

/// How pixels are taken from between and beyond those of an image.
public struct ImageSampling: Hashable, Sendable {
    /// What lies beyond the edges.
    public enum FillMode: String, CaseIterable, Sendable {
        case reflect, wrap, constant, nearest
    }

    public enum Interpolation: String, CaseIterable, Sendable {
        case bilinear, nearest
    }

    public var fillMode: FillMode
    public var interpolation: Interpolation
    /// What `constant` has there, as a value of the layer's input.
    public var fillValue: Double

    public init(
        fillMode: FillMode = .reflect, interpolation: Interpolation = .bilinear,
        fillValue: Double = 0
    ) {
        self.fillMode = fillMode
        self.interpolation = interpolation
        self.fillValue = fillValue
    }

    init(fields: inout Fields) throws(ConfigError) {
        self.init()
        fillMode = try fields.choice("fill_mode", default: fillMode)
        interpolation = try fields.choice("interpolation", default: interpolation)
        fillValue = try fields.double("fill_value", default: fillValue, in: -1e30...1e30)
    }

    var fields: [ConfigValue.Entry] {
        [
            .init("fill_mode", .scalar(fillMode.rawValue)),
            .init("interpolation", .scalar(interpolation.rawValue)),
            .init("fill_value", .scalar(fillValue)),
        ]
    }
}

extension Wiring {
    /// - Throws: If a layer that varies images reads anything but images, or somebody else reads what it
    ///   reads.
    func checkAugmentation(_ nodes: [Node]) throws(LayerError) {
        var isFront = true
        for (index, node) in nodes.enumerated() {
            // Whether this layer reads the one before it, and is alone in that.
            let isLine = index == 0 || (inputs[index] == [index - 1] && readers[index - 1] == 1)
            isFront = isFront && isLine
            if node.layer is any AugmentationLayer {
                guard isFront else {
                    throw LayerError(
                        code: .wiring, layer: names[index],
                        detail: "\(node.layer.kerasName) varies images before they go through the"
                            + " network; put it before all layers but Rescaling, in one line")
                }
            } else if !(node.layer is Rescaling) {
                isFront = false
            }
        }
    }
}

extension Fields {
    /// One number for as much to either side, or the two bounds.
    mutating func factor(
        _ name: String, in range: ClosedRange<Double>
    ) throws(ConfigError) -> ClosedRange<Double> {
        try self.range(name, in: range) { [-abs($0), abs($0)] }
    }
}

extension ConfigValue {
    static func bounds(_ range: ClosedRange<Double>) -> Self {
        .list([.scalar(range.lowerBound), .scalar(range.upperBound)])
    }
}
