// SPDX-License-Identifier: Apache-2.0
//
// From layers to stages: shapes become geometries of a block, neighbours are fused.

import Tensors

/// The stages of a model under construction.
///
/// A layer's `lower(into:)` says what it computes in terms of methods that stand here or beside a layer: they
/// choose the algorithm, fuse what can be fused and give parameters their place in the flat buffer.
public struct Lowering {
    /// Images of a block.
    let images: Int
    let blocksPerShard: Int
    let winograd: Bool
    /// What the layer reads, and then what it has computed.
    var signal: Signal
    /// The other branches, for a layer that merges them.
    var branches: [Signal] = []
    private(set) var stages: [any Stage] = []
    /// For each stage the values that it reads; see `Signal.value`.
    private(set) var inputs: [[Int]] = []
    /// For each value whether anybody asks for its gradient: whether weights on the way to it are trained.
    private(set) var wantsGradient = [false]
    private(set) var parameters: [Parameter] = []
    /// What the first layers make of a pixel while it is unpacked.
    var pixelScale: Float = 1, pixelOffset: Float = 0
    /// Channels in memory of the images.
    private(set) var inputStored: Int
    /// The layer that is being lowered.
    private(set) var layer = 0, name = "", isTrainable = true

    init(images: Int, blocksPerShard: Int, input: Shape, winograd: Bool) {
        self.images = images
        self.blocksPerShard = blocksPerShard
        self.winograd = winograd
        signal = Signal(height: input[0], width: input[1], channels: input[2], stored: input[2])
        inputStored = input[2]
    }

    /// - Parameter inputs: What the layer reads; nothing for the first, which reads the images.
    mutating func begin(layer: Int, name: String, isTrainable: Bool, inputs: [Signal]) {
        self.layer = layer
        self.name = name
        self.isTrainable = isTrainable
        if let first = inputs.first { signal = first }
        branches = Array(inputs.dropFirst())
    }

    /// Several layers read what has just been computed: the images then in 16s.
    mutating func share() {
        signal.isShared = true
        widen()
    }

    /// Removes and returns a softmax or sigmoid that ends the network; the loss computes it in a stable form.
    mutating func removeFinalActivation() -> ElementActivation? {
        guard let last = stages.last as? ActivationStage,
            [.softmax, .sigmoid].contains(last.activation)
        else { return nil }
        removeLast()
        return last.activation
    }

    /// Takes back the last stage, which nobody reads.
    mutating func removeLast() {
        stages.removeLast()
        inputs.removeLast()
        wantsGradient.removeLast()
    }

    /// Adds a stage that reads the signal, and other values if it merges; the signal is its output then.
    mutating func append(_ stage: any Stage, and others: [Int] = []) {
        let read = [signal.value] + others
        stages.append(stage)
        inputs.append(read)
        wantsGradient.append(
            isTrainable && !stage.parameterRange.isEmpty || read.contains { wantsGradient[$0] })
        signal.value = stages.count
        signal.isShared = false
    }

    /// Gives the last stage another description, which may read a further value.
    mutating func replaceLast(by stage: any Stage, reading other: Int? = nil) {
        stages[stages.count - 1] = stage
        if let other { inputs[stages.count - 1].append(other) }
    }

    /// The last stage, if it is of a kind and computes the signal for this layer alone: then what this
    /// layer does can become part of it.
    func openStage<Kind: Stage>(_ kind: Kind.Type) -> Kind? {
        guard signal.value == stages.count, !signal.isShared else { return nil }
        return stages.last as? Kind
    }

    /// Stores the channels of untouched images in 16s, as all kernels take them. Only a convolution that
    /// comes first reads 1 to 4 channels as they are.
    mutating func widen() {
        guard stages.isEmpty, signal.value == 0 else { return }
        signal.stored = Self.padded(signal.channels)
        inputStored = signal.stored
    }

    /// Without a stage that reads them, images are stored as the signal has them.
    mutating func restoreImages() {
        if stages.isEmpty { inputStored = signal.stored }
    }

    /// The block as rows of channels.
    mutating func rows() -> Rows {
        widen()
        return Rows(
            count: signal.height * signal.width * images, stored: signal.stored,
            live: signal.channels)
    }

    /// The next `count` floats of the flat buffer. Those of a layer that is not trained stay as they are, and
    /// add nothing to the loss.
    mutating func addParameter(
        _ kind: String, _ shape: Shape, _ placement: Parameter.Placement,
        _ initializer: Initializer, _ renewal: ParameterLayout.Renewal = .trained,
        penalty: ParameterLayout.Penalty = .init(), limit: ParameterLayout.Limit? = nil, count: Int
    ) -> Range<Int> {
        let start = parameters.last?.entry.range.upperBound ?? 0
        let entry = ParameterLayout.Entry(
            name: "\(name)/\(kind)", shape: shape, range: start..<start + count, layer: layer,
            renewal: isTrainable ? renewal : .frozen,
            penalty: isTrainable ? penalty : .init(), limit: isTrainable ? limit : nil)
        parameters.append(Parameter(entry: entry, placement: placement, initializer: initializer))
        return entry.range
    }

    static func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
}
