// SPDX-License-Identifier: Apache-2.0
//
// A line of layers, with names, shapes and a place for each parameter.

import Tensors

/// A model: what the layers of a job become for images of one shape. It holds no weights.
public struct Model: Sendable {
    public let layers: [any Layer]
    /// As Keras names them: `conv2d`, `conv2d_1`, `max_pooling2d`.
    public let names: [String]
    /// `[H, W, C]` of the images.
    public let input: Shape
    /// Of one image, after each layer.
    public let outputShapes: [Shape]
    public let loss: Loss
    /// Where each parameter lies in the flat buffer.
    public let parameters: ParameterLayout
    /// Images that go through the network together; see `blockSize(for:)`.
    public let blockSize: Int

    let tensors: [Parameter]
    let stages: [any Stage]
    let pixelScale: Float, pixelOffset: Float
    /// Channels in memory of the images.
    let inputStored: Int

    /// - Parameters:
    ///   - input: `[H, W, C]` of the images.
    ///   - classes: Of the data; nil if that is not known.
    ///   - winograd: False computes all convolutions directly.
    /// - Throws: If a layer cannot follow the one before it, or the last does not fit loss and data.
    public init(
        layers: [any Layer], input: Shape, loss: Loss, classes: Int? = nil, winograd: Bool = true
    ) throws(LayerError) {
        guard input.rank == 3, input.count > 0 else {
            throw LayerError(
                code: .shapeMismatch, layer: "input",
                detail: "found \(input), expected images (height, width, channels)")
        }
        let names = Self.names(of: layers)
        var shapes: [Shape] = []
        for (layer, name) in zip(layers, names) {
            do throws(LayerError) {
                shapes.append(try layer.outputShape(for: shapes.last ?? input))
            } catch { throw error.named(name) }
        }
        let blockSize = Self.blockSize(for: [input] + shapes)
        var network = Lowering(images: blockSize, input: input, winograd: winograd)
        for (index, layer) in layers.enumerated() {
            network.begin(layer: index, name: names[index])
            do throws(LayerError) { try layer.lower(into: &network) } catch {
                throw error.named(names[index])
            }
            precondition(
                network.signal.shape == shapes[index],
                "\(names[index]) says \(shapes[index]) and computes \(network.signal.shape)")
        }
        let end = names.last ?? "layers"
        let final = network.removeFinalActivation()
        guard !network.parameters.isEmpty else {
            throw LayerError(
                code: .lossMismatch, layer: end,
                detail:
                    "no layer has weights, there is nothing to train; end the model with Dense, one"
                    + " unit a class")
        }
        guard network.signal.height * network.signal.width == 1 else {
            throw LayerError(
                code: .lossMismatch, layer: end,
                detail:
                    "the model ends with \(network.signal.shape); end it with Flatten and Dense,"
                    + " one unit a class")
        }
        do throws(LayerError) {
            try loss.check(units: network.signal.channels, final: final, classes: classes)
        } catch { throw error.named(end) }

        self.layers = layers
        self.names = names
        self.input = input
        outputShapes = shapes
        self.loss = loss
        self.blockSize = blockSize
        tensors = network.parameters
        parameters = ParameterLayout(entries: network.parameters.map(\.entry))
        stages = network.stages
        pixelScale = network.pixelScale
        pixelOffset = network.pixelOffset
        inputStored = network.inputStored
    }

    /// Probabilities of one prediction: one a class, or a single one with `binary_crossentropy`.
    public var outputs: Int { outputShapes.last?.count ?? 0 }

    /// Stages are what computes: a layer, or a few that are fused.
    public var stageCount: Int { stages.count }

    /// Where the weights of a stage lie in the flat buffer; empty if it has none. The ranges of all
    /// stages cover the buffer in ascending order.
    public func parameterRange(_ stage: Int) -> Range<Int> { stages[stage].parameterRange }

    /// The name of the layer that a stage belongs to, for messages.
    public func name(ofStage stage: Int) -> String { names[stages[stage].layer] }

    /// Where the backward pass ends: the first stage with weights.
    var firstTrained: Int { stages.firstIndex { !$0.parameterRange.isEmpty } ?? 0 }

    /// 16 images, or 8 where an image's largest activation has more than 2^20 values (4 MiB).
    ///
    /// The block size decides in which order a weight's gradient is summed, so it is a function of the
    /// shapes alone. Measured on networks with up to 0.7 million values, 16 is at most 3 % slower than
    /// any other size and up to 13 % faster than 8; beyond that 8 halves the memory of a thread.
    static func blockSize(for shapes: [Shape]) -> Int {
        (shapes.map(\.count).max() ?? 0) > 1 << 20 ? 8 : 16
    }

    private static func names(of layers: [any Layer]) -> [String] {
        var names: [String] = []
        for layer in layers {
            let stem = type(of: layer).stem
            let earlier = layers[..<names.count].count { type(of: $0).stem == stem }
            names.append(earlier == 0 ? stem : "\(stem)_\(earlier)")
        }
        return names
    }
}
