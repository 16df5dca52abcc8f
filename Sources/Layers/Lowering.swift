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
    private let winograd: Bool
    private(set) var signal: Signal
    private(set) var stages: [any Stage] = []
    private(set) var parameters: [Parameter] = []
    /// What the first layers make of a pixel while it is unpacked.
    private(set) var pixelScale: Float = 1, pixelOffset: Float = 0
    /// Channels in memory of the images.
    private(set) var inputStored: Int
    /// The layer that is being lowered.
    private var layer = 0, name = ""

    init(images: Int, input: Shape, winograd: Bool) {
        self.images = images
        self.winograd = winograd
        signal = Signal(height: input[0], width: input[1], channels: input[2], stored: input[2])
        inputStored = input[2]
    }

    mutating func begin(layer: Int, name: String) {
        self.layer = layer
        self.name = name
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
            needsInputGradient: !parameters.isEmpty)
        geometry.algorithm = geometry.table(winograd: winograd)

        let placement = KernelPlacement(geometry, channels: signal.channels, filters: filters)
        let kernelRange = addParameter(
            "kernel", kernelShape, .kernel(placement), count: geometry.weightCount)
        let biasRange =
            useBias
            ? addParameter("bias", [filters], .vector, count: stored)
            : kernelRange.upperBound..<kernelRange.upperBound
        stages.append(
            ConvolutionStage(layer: layer, geometry: geometry, kernel: kernelRange, bias: biasRange)
        )
        signal.height = geometry.convHeight
        signal.width = geometry.convWidth
        signal.channels = filters
        signal.stored = stored
    }

    mutating func activate(_ function: ActivationFunction) throws(LayerError) {
        guard let activation = function.element else { return }
        if activation == .relu, var convolution = stages.last as? ConvolutionStage,
            convolution.geometry.canFuseReLU
        {
            convolution.geometry.activation = .relu
            stages[stages.count - 1] = convolution
            return
        }
        if activation == .softmax, signal.isFlat, signal.height * signal.width > 1 {
            throw LayerError(
                code: .unsupported,
                detail: "softmax over a flattened image \(signal.shape); put a Dense layer between")
        }
        stages.append(
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
        if isPlain, var convolution = stages.last as? ConvolutionStage,
            convolution.geometry.canFusePool
        {
            convolution.geometry.pooled = true
            stages[stages.count - 1] = convolution
            return
        }
        // ReLU and a maximum can change places: ReLU has less to do after the pool, and since that keeps
        // its argmax, nobody has to keep the larger map.
        var gate = false
        if var convolution = stages.last as? ConvolutionStage,
            convolution.geometry.activation == .relu, !convolution.geometry.pooled
        {
            convolution.geometry.activation = .linear
            stages[stages.count - 1] = convolution
            gate = true
        }
        widen()
        stages.append(
            PoolStage(
                layer: layer,
                geometry: PoolGeometry(
                    images: images, inputHeight: signal.height, inputWidth: signal.width,
                    channels: signal.stored, windowHeight: size.height, windowWidth: size.width,
                    strideY: strides.height, strideX: strides.width, padTop: windows.down.padding,
                    padLeft: windows.across.padding, outputHeight: windows.down.count,
                    outputWidth: windows.across.count)))
        if gate {
            stages.append(
                ActivationStage(
                    layer: layer, activation: .relu,
                    rows: Rows(
                        count: windows.down.count * windows.across.count * images,
                        stored: signal.stored, live: signal.channels)))
        }
    }

    mutating func drop(rate: Float) {
        guard rate > 0 else { return }
        widen()
        stages.append(
            DropoutStage(
                layer: layer, rate: rate, pixels: signal.height * signal.width, images: images,
                storedChannels: signal.stored, liveChannels: signal.channels))
    }

    mutating func rescale(scale: Float, offset: Float) {
        if stages.isEmpty, pixelScale == 1, pixelOffset == 0 {
            (pixelScale, pixelOffset) = (scale, offset)
            return
        }
        stages.append(AffineStage(layer: layer, scale: scale, offset: offset, rows: rows()))
    }

    mutating func flatten() { signal.isFlat = true }

    /// Removes and returns an activation that ends the network; the loss computes it in a stable form.
    mutating func removeFinalActivation() -> ElementActivation? {
        guard let last = stages.last as? ActivationStage, last.activation != .relu else {
            return nil
        }
        stages.removeLast()
        return last.activation
    }

    /// Stores the channels of untouched images in 16s, as all kernels take them. Only a convolution that
    /// comes first reads 1 to 4 channels as they are.
    private mutating func widen() {
        guard stages.isEmpty else { return }
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
        _ kind: String, _ shape: Shape, _ placement: Parameter.Placement, count: Int
    ) -> Range<Int> {
        let start = parameters.last?.entry.range.upperBound ?? 0
        let entry = ParameterLayout.Entry(
            name: "\(name)/\(kind)", shape: shape, range: start..<start + count, layer: layer)
        parameters.append(Parameter(entry: entry, placement: placement))
        return entry.range
    }

    static func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
}
