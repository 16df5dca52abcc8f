// SPDX-License-Identifier: Apache-2.0
//
// From layers to stages: shapes become geometries of a block, neighbours are fused.

import Tensors

/// The stages of a model under construction.
///
/// A layer's `lower(into:)` says what it computes in terms of the methods below; they choose the
/// algorithm, fuse what can be fused and give parameters their place in the flat buffer.
public struct Lowering {
    /// Images of a block.
    let images: Int
    let blocksPerShard: Int
    private let winograd: Bool
    private(set) var signal: Signal
    /// The other branch, for a layer that merges two.
    private var branch: Signal?
    private(set) var stages: [any Stage] = []
    /// For each stage the values that it reads; see `Signal.value`.
    private(set) var inputs: [[Int]] = []
    /// For each value whether anybody asks for its gradient: whether there are weights on the way to it.
    private(set) var wantsGradient = [false]
    private(set) var parameters: [Parameter] = []
    /// What the first layers make of a pixel while it is unpacked.
    private(set) var pixelScale: Float = 1, pixelOffset: Float = 0
    /// Channels in memory of the images.
    private(set) var inputStored: Int
    /// The layer that is being lowered.
    private var layer = 0, name = ""

    init(images: Int, blocksPerShard: Int, input: Shape, winograd: Bool) {
        self.images = images
        self.blocksPerShard = blocksPerShard
        self.winograd = winograd
        signal = Signal(height: input[0], width: input[1], channels: input[2], stored: input[2])
        inputStored = input[2]
    }

    /// - Parameter inputs: What the layer reads; nothing for the first, which reads the images.
    mutating func begin(layer: Int, name: String, inputs: [Signal]) {
        self.layer = layer
        self.name = name
        if let first = inputs.first { signal = first }
        branch = inputs.count > 1 ? inputs[1] : nil
    }

    /// Several layers read what has just been computed: the images then in 16s.
    mutating func share() {
        signal.isShared = true
        widen()
    }

    /// A convolution with its bias.
    mutating func convolve(
        filters: Int, kernel: Size2D, strides: Size2D, windows: Windows, kernelShape: Shape,
        useBias: Bool
    ) {
        if signal.channels > 4 { widen() }
        let stored = Self.padded(filters)
        var geometry = ConvGeometry(
            images: images, inputHeight: signal.height, inputWidth: signal.width,
            inputChannels: signal.stored, outputChannels: stored, kernelHeight: kernel.height,
            kernelWidth: kernel.width, strideY: strides.height, strideX: strides.width,
            padTop: windows.down.padding, padLeft: windows.across.padding,
            convHeight: windows.down.count, convWidth: windows.across.count,
            needsInputGradient: wantsGradient[signal.value])
        geometry.algorithm = geometry.table(winograd: winograd)
        geometry.blocksPerShard = blocksPerShard

        let placement = KernelPlacement(geometry, channels: signal.channels, filters: filters)
        let kernelRange = addParameter(
            "kernel", kernelShape, .kernel(placement), .glorotUniform, count: geometry.weightCount)
        let biasRange =
            useBias
            ? addParameter(
                "bias", [filters], .channels(filters, stored: stored), .zeros, count: stored)
            : kernelRange.upperBound..<kernelRange.upperBound
        append(
            ConvolutionStage(layer: layer, geometry: geometry, kernel: kernelRange, bias: biasRange)
        )
        signal.height = geometry.convHeight
        signal.width = geometry.convWidth
        signal.channels = filters
        signal.stored = stored
    }

    mutating func activate(_ function: ActivationFunction) throws(LayerError) {
        guard let activation = function.element else { return }
        if activation == .relu, var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.canFuseReLU
        {
            convolution.geometry.activation = .relu
            stages[stages.count - 1] = convolution
            return
        }
        if activation == .relu, var normalization = openStage(NormalizationStage.self),
            normalization.geometry.activation == .linear
        {
            normalization.geometry.activation = .relu
            stages[stages.count - 1] = normalization
            return
        }
        if activation == .softmax, signal.isFlat, signal.height * signal.width > 1 {
            throw LayerError(
                code: .unsupported,
                detail: "softmax over a flattened image \(signal.shape); put a Dense layer between")
        }
        append(
            ActivationStage(
                layer: layer, activation: activation, rows: rows()))
    }

    mutating func pool(size: Size2D, strides: Size2D, windows: Windows) throws(LayerError) {
        guard size.height * size.width <= 256 else {
            throw LayerError(
                code: .unsupported,
                detail:
                    "a \(size) pool has \(size.height * size.width) values, more than 256; use two"
                    + " pools after each other")
        }
        defer {
            signal.height = windows.down.count
            signal.width = windows.across.count
        }
        let isPlain =
            size == Size2D(2) && strides == Size2D(2) && windows.down.count == signal.height / 2
            && windows.across.count == signal.width / 2
        if isPlain, var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.canFusePool
        {
            convolution.geometry.pooled = true
            stages[stages.count - 1] = convolution
            return
        }
        // ReLU and a maximum can change places: ReLU has less to do after the pool, and since that keeps
        // its argmax, nobody has to keep the larger map.
        var gate = false
        if var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.activation == .relu, !convolution.geometry.pooled
        {
            convolution.geometry.activation = .linear
            stages[stages.count - 1] = convolution
            gate = true
        }
        append(
            MaxPoolStage(
                layer: layer, geometry: poolGeometry(size: size, strides: strides, windows)))
        if gate {
            append(
                ActivationStage(
                    layer: layer, activation: .relu,
                    rows: Rows(
                        count: windows.down.count * windows.across.count * images,
                        stored: signal.stored, live: signal.channels)))
        }
    }

    mutating func averagePool(size: Size2D, strides: Size2D, windows: Windows) {
        append(
            AveragePoolStage(
                layer: layer, geometry: poolGeometry(size: size, strides: strides, windows)))
        signal.height = windows.down.count
        signal.width = windows.across.count
    }

    private mutating func poolGeometry(
        size: Size2D, strides: Size2D, _ windows: Windows
    ) -> PoolGeometry {
        widen()
        return PoolGeometry(
            images: images, inputHeight: signal.height, inputWidth: signal.width,
            channels: signal.stored, windowHeight: size.height, windowWidth: size.width,
            strideY: strides.height, strideX: strides.width, padTop: windows.down.padding,
            padLeft: windows.across.padding, outputHeight: windows.down.count,
            outputWidth: windows.across.count)
    }

    /// Normalises each channel, or each feature of a flattened image.
    mutating func normalize(
        momentum: Double, epsilon: Float, center: Bool, scale: Bool
    ) {
        widen()
        let (pixels, channels) = (signal.height * signal.width, signal.channels)
        let geometry = NormalizationGeometry(
            groups: signal.isFlat ? pixels : 1, pixels: signal.isFlat ? 1 : pixels, images: images,
            channels: signal.stored, epsilon: epsilon)
        func add(
            _ kind: String, _ initial: Parameter.Initial,
            _ renewal: ParameterLayout.Renewal = .trained, if isThere: Bool = true
        ) -> Range<Int> {
            let end = parameters.last?.entry.range.upperBound ?? 0
            guard isThere else { return end..<end }
            return addParameter(
                kind, [geometry.groups * channels], .channels(channels, stored: signal.stored),
                initial, renewal, count: geometry.statisticsCount)
        }
        let gamma = add("gamma", .ones, if: scale), beta = add("beta", .zeros, if: center)
        let mean = add("moving_mean", .zeros, .averaged(momentum: momentum))
        append(
            NormalizationStage(
                layer: layer, geometry: geometry, gamma: gamma, beta: beta, mean: mean,
                variance: add("moving_variance", .ones, .averaged(momentum: momentum))))
    }

    /// Adds the other branch. A normalisation that has just been computed adds it as it writes.
    mutating func add() throws(LayerError) {
        guard var branch else { preconditionFailure("\(name): one input, Add takes two") }
        guard (signal.height, signal.width) == (branch.height, branch.width),
            signal.stored == branch.stored
        else {
            throw LayerError(
                code: .unsupported,
                detail: "one input lies in memory as an image \(signal.height)x\(signal.width), the"
                    + " other as \(branch.height)x\(branch.width); add before Flatten")
        }
        if branch.value > signal.value { (signal, branch) = (branch, signal) }
        if var normalization = openStage(NormalizationStage.self),
            normalization.geometry.activation == .linear, !normalization.geometry.hasAddend,
            wantsGradient[inputs[stages.count - 1][0]]
        {
            normalization.geometry.hasAddend = true
            stages[stages.count - 1] = normalization
            inputs[stages.count - 1].append(branch.value)
            return
        }
        append(
            AddStage(layer: layer, count: signal.height * signal.width * images * signal.stored),
            and: branch.value)
    }

    mutating func drop(rate: Float) {
        guard rate > 0 else { return }
        widen()
        append(
            DropoutStage(
                layer: layer, rate: rate, pixels: signal.height * signal.width, images: images,
                storedChannels: signal.stored, liveChannels: signal.channels))
    }

    mutating func rescale(scale: Float, offset: Float) {
        if stages.isEmpty, pixelScale == 1, pixelOffset == 0, !signal.isShared {
            (pixelScale, pixelOffset) = (scale, offset)
            return
        }
        append(AffineStage(layer: layer, scale: scale, offset: offset, rows: rows()))
    }

    mutating func flatten() { signal.isFlat = true }

    /// Removes and returns an activation that ends the network; the loss computes it in a stable form.
    mutating func removeFinalActivation() -> ElementActivation? {
        guard let last = stages.last as? ActivationStage, last.activation != .relu else {
            return nil
        }
        stages.removeLast()
        inputs.removeLast()
        wantsGradient.removeLast()
        return last.activation
    }

    /// Adds a stage that reads the signal, and another value if it merges; the signal is its output then.
    private mutating func append(_ stage: any Stage, and other: Int? = nil) {
        let read = [signal.value] + (other.map { [$0] } ?? [])
        stages.append(stage)
        inputs.append(read)
        wantsGradient.append(
            !stage.parameterRange.isEmpty || read.contains { wantsGradient[$0] })
        signal.value = stages.count
        signal.isShared = false
    }

    /// The last stage, if it is of a kind and computes the signal for this layer alone: then what this
    /// layer does can become part of it.
    private func openStage<Kind: Stage>(_ kind: Kind.Type) -> Kind? {
        guard signal.value == stages.count, !signal.isShared else { return nil }
        return stages.last as? Kind
    }

    /// Stores the channels of untouched images in 16s, as all kernels take them. Only a convolution that
    /// comes first reads 1 to 4 channels as they are.
    private mutating func widen() {
        guard stages.isEmpty, signal.value == 0 else { return }
        signal.stored = Self.padded(signal.channels)
        inputStored = signal.stored
    }

    /// The block as rows of channels.
    private mutating func rows() -> Rows {
        widen()
        return Rows(
            count: signal.height * signal.width * images, stored: signal.stored,
            live: signal.channels)
    }

    /// The next `count` floats of the flat buffer.
    private mutating func addParameter(
        _ kind: String, _ shape: Shape, _ placement: Parameter.Placement,
        _ initial: Parameter.Initial, _ renewal: ParameterLayout.Renewal = .trained, count: Int
    ) -> Range<Int> {
        let start = parameters.last?.entry.range.upperBound ?? 0
        let entry = ParameterLayout.Entry(
            name: "\(name)/\(kind)", shape: shape, range: start..<start + count, layer: layer,
            renewal: renewal)
        parameters.append(Parameter(entry: entry, placement: placement, initial: initial))
        return entry.range
    }

    static func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
}
