// SPDX-License-Identifier: Apache-2.0
//
// A network of layers, with names, shapes and a place for each parameter.

import Tensors

/// A model: what the layers of a job become for images of one shape. It holds no weights.
public struct Model: Sendable {
    public let nodes: [Node]
    /// As Keras names them: `conv2d`, `conv2d_1`, `max_pooling2d`; or as the job does.
    public let names: [String]
    /// `[H, W, C]` of the images.
    public let input: Shape
    /// Of one image, after each layer.
    public let outputShapes: [Shape]
    public let loss: Loss
    /// What it is judged by in evaluations, beside the loss and the accuracy.
    public let metrics: MetricCounts
    /// Where each parameter lies in the flat buffer.
    public let parameters: ParameterLayout
    /// Images that go through the network together; see `blockSize(for:)`.
    public let blockSize: Int
    /// The parameters whose gradients are added to block by block, from zero on.
    let addedRanges: [Range<Int>]
    /// The most blocks that a shard has.
    public let blocksPerShard: Int

    let tensors: [Parameter]
    /// What training computes, and what evaluation and prediction do.
    let training: Network, evaluation: Network
    /// What becomes of a pixel before the first layer; then its scale and offset, if that is a Rescaling.
    public let standardization: Standardization
    let pixelScale: Float, pixelOffset: Float
    /// Channels in memory of the images.
    let inputStored: Int

    /// How images are whitened, if they are.
    var whitening: ImageWhitening? {
        standardization.whitens ? ImageWhitening(images: blockSize, input: input) : nil
    }

    /// Floats of the matrix that whitens images; 0 if none does.
    public var whiteningCount: Int { standardization.whitens ? input.count * input.count : 0 }

    /// - Parameters:
    ///   - input: `[H, W, C]` of the images.
    ///   - classes: Of the data; nil if that is not known.
    ///   - shardSize: The most images of a shard. Memory is laid out for them; bits are not changed.
    ///   - winograd: False computes all convolutions directly.
    ///   - standardization: What becomes of the images' pixels first.
    ///   - metrics: What evaluations count.
    /// - Throws: If a layer cannot follow the one before it, or the last does not fit loss and data.
    public init(
        nodes: [Node], input: Shape, loss: Loss, classes: Int? = nil, shardSize: Int = 32,
        winograd: Bool = true, standardization: Standardization = Standardization(),
        metrics: [NamedMetric] = []
    ) throws(LayerError) {
        guard input.rank == 3, input.count > 0 else {
            throw LayerError(
                code: .shapeMismatch, layer: "input",
                detail: "found \(input), expected images (height, width, channels)")
        }
        try standardization.check(channels: input[2])
        let wiring = try Wiring(nodes), names = wiring.names
        try wiring.checkAugmentation(nodes)
        var shapes: [Shape] = []
        for (index, node) in nodes.enumerated() {
            let inputs = wiring.inputs[index].map { shapes[$0] }
            do throws(LayerError) {
                shapes.append(
                    try node.layer.outputShape(for: inputs.isEmpty ? [input] : inputs))
            } catch { throw error.named(names[index]) }
        }
        let blockSize = Self.blockSize(for: nodes, [input] + shapes)
        let blocksPerShard = (shardSize + blockSize - 1) / blockSize
        var network = Lowering(
            images: blockSize, blocksPerShard: blocksPerShard, input: input, winograd: winograd)
        var signals: [Signal] = []
        for (index, node) in nodes.enumerated() {
            network.begin(
                layer: index, name: names[index], isTrainable: node.isTrainable,
                inputs: wiring.inputs[index].map { signals[$0] })
            do throws(LayerError) { try node.layer.lower(into: &network) } catch {
                throw error.named(names[index])
            }
            precondition(
                network.signal.shape == shapes[index],
                "\(names[index]) says \(shapes[index]) and computes \(network.signal.shape)")
            if wiring.readers[index] > 1 { network.share() }
            signals.append(network.signal)
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
        guard network.parameters.contains(where: { $0.entry.renewal == .trained }) else {
            throw LayerError(
                code: .lossMismatch, layer: end,
                detail:
                    "every layer with weights has 'trainable: false', there is nothing to train;"
                    + " leave at least one trainable")
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

        self.nodes = nodes
        self.names = names
        self.input = input
        outputShapes = shapes
        self.loss = loss
        self.metrics = try MetricCounts(
            metrics, outputs: network.signal.channels, hasProbabilities: loss.activation != nil)
        self.blockSize = blockSize
        self.blocksPerShard = blocksPerShard
        tensors = network.parameters
        parameters = ParameterLayout(entries: network.parameters.map(\.entry))
        training = Network(network)
        addedRanges = Self.gaps(
            between: training.stages.map(\.finishedRange), in: 0..<parameters.count)
        evaluation = training.folded
        self.standardization = standardization
        pixelScale = network.pixelScale
        pixelOffset = network.pixelOffset
        inputStored = network.inputStored
    }

    /// What ascending ranges leave of a whole.
    private static func gaps(between ranges: [Range<Int>], in whole: Range<Int>) -> [Range<Int>] {
        var gaps: [Range<Int>] = []
        var lower = whole.lowerBound
        for range in ranges where !range.isEmpty {
            if lower < range.lowerBound { gaps.append(lower..<range.lowerBound) }
            lower = range.upperBound
        }
        if lower < whole.upperBound { gaps.append(lower..<whole.upperBound) }
        return gaps
    }

    /// A line of layers, each of which reads the one before it.
    public init(
        layers: [any Layer], input: Shape, loss: Loss, classes: Int? = nil, shardSize: Int = 32,
        winograd: Bool = true
    ) throws(LayerError) {
        try self.init(
            nodes: layers.map { Node($0) }, input: input, loss: loss, classes: classes,
            shardSize: shardSize, winograd: winograd)
    }

    public var layers: [any Layer] { nodes.map(\.layer) }

    var stages: [any Stage] { training.stages }

    /// Probabilities of one prediction: one a class, or a single one with `binary_crossentropy`.
    public var outputs: Int { outputShapes.last?.count ?? 0 }

    /// Stages are what computes: a layer, or a few that are fused.
    public var stageCount: Int { stages.count }

    /// Where the weights of a stage lie in the flat buffer; empty if it has none. The ranges of all
    /// stages cover the buffer in ascending order.
    public func parameterRange(_ stage: Int) -> Range<Int> { stages[stage].parameterRange }

    /// The name of the layer that a stage belongs to, for messages.
    public func name(ofStage stage: Int) -> String { names[stages[stage].layer] }

    /// 16 images, or 8 where an image's largest activation has more than 2^18 values (1 MiB). A network
    /// with batch normalisation always takes 16, whose statistics it needs.
    ///
    /// The block size decides in which order a weight's gradient is summed, so it is a function of the
    /// shapes alone. Measured on networks with up to 0.1 million values, 16 is at most 3 % slower than
    /// any other size and up to 13 % faster than 8. With 0.5 and 0.7 million, 8 is as fast for one worker and
    /// 3 to 5 % faster for two that share caches, with half the memory.
    static func blockSize(for nodes: [Node], _ shapes: [Shape]) -> Int {
        let isNormalized = nodes.contains { $0.layer is BatchNormalization }
        return (shapes.map(\.count).max() ?? 0) > 1 << 18 && !isNormalized ? 8 : 16
    }
}
