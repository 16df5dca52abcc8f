// SPDX-License-Identifier: Apache-2.0
//
// Convolutions, and the activations that become part of them.

import Tensors

extension Lowering {
    /// A convolution with its bias.
    mutating func convolve(
        filters: Int, kernel: Size2D, strides: Size2D, windows: Windows,
        dilation: Size2D = Size2D(1), groups: Int = 1, kernelName: String = "kernel",
        kernelShape: Shape, useBias: Bool, _ options: WeightOptions
    ) {
        let padding = removePadding(kernel, strides, windows)
        if signal.channels > 4 || groups > 1 { widen() }
        var geometry = ConvGeometry(
            images: images, inputHeight: signal.height, inputWidth: signal.width,
            inputChannels: signal.stored, outputChannels: Self.padded(filters),
            kernelHeight: kernel.height,
            kernelWidth: kernel.width, strideY: strides.height, strideX: strides.width,
            padTop: padding.top, padLeft: padding.left,
            convHeight: windows.down.count, convWidth: windows.across.count,
            needsInputGradient: wantsGradient[signal.value])
        geometry.dilationY = dilation.height
        geometry.dilationX = dilation.width
        if groups > 1 {
            geometry.groups = ConvGeometry.Groups(
                groups, inputs: signal.channels / groups, outputs: filters / groups)
        }
        geometry.algorithm = geometry.table(winograd: winograd)
        geometry.blocksPerShard = blocksPerShard
        appendConvolution(
            geometry, filters: filters, kernelName, kernelShape,
            KernelPlacement(geometry, channels: signal.channels / groups, filters: filters),
            useBias: useBias, options)
    }

    /// A convolution the other way: `windows` are those of the convolution from its output, of `size`, to
    /// its input.
    mutating func convolveTransposed(
        filters: Int, kernel: Size2D, strides: Size2D, size: Size2D, windows: Windows,
        useBias: Bool, _ options: WeightOptions
    ) {
        widen()
        let geometry = ConvGeometry(
            images: images, inputHeight: signal.height, inputWidth: signal.width,
            inputChannels: signal.stored, outputChannels: Self.padded(filters),
            kernelHeight: kernel.height, kernelWidth: kernel.width, strideY: strides.height,
            strideX: strides.width, padTop: windows.down.padding,
            padLeft: windows.across.padding, convHeight: size.height, convWidth: size.width,
            algorithm: .transposed, needsInputGradient: wantsGradient[signal.value])
        appendConvolution(
            geometry, filters: filters, "kernel",
            [kernel.height, kernel.width, filters, signal.channels],
            KernelPlacement(geometry.reversed, channels: filters, filters: signal.channels),
            useBias: useBias, options)
    }

    private mutating func appendConvolution(
        _ geometry: ConvGeometry, filters: Int, _ kernelName: String, _ kernelShape: Shape,
        _ placement: KernelPlacement, useBias: Bool, _ options: WeightOptions
    ) {
        let stored = geometry.outputChannels
        let kernelRange = addParameter(
            kernelName, kernelShape, .kernel(placement), options.kernelInitializer,
            penalty: options.kernelPenalty,
            limit: options.limit(rows: geometry.weightCount / stored),
            count: geometry.weightCount)
        let biasRange =
            useBias
            ? addParameter(
                "bias", [filters], .channels(filters, stored: stored), options.biasInitializer,
                penalty: options.biasPenalty, count: stored)
            : kernelRange.upperBound..<kernelRange.upperBound
        append(
            ConvolutionStage(layer: layer, geometry: geometry, kernel: kernelRange, bias: biasRange)
        )
        signal.height = geometry.convHeight
        signal.width = geometry.convWidth
        signal.channels = filters
        signal.stored = stored
    }

    /// - Parameter activation: nil for none.
    mutating func activate(_ activation: ElementActivation?) throws(LayerError) {
        guard let activation else { return }
        let fused = activation.fused
        if let fused, var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.canFuseReLU
        {
            convolution.geometry.activation = fused
            replaceLast(by: convolution)
            return
        }
        if let fused, var normalization = openStage(NormalizationStage.self),
            normalization.geometry.activation == .linear
        {
            normalization.geometry.activation = fused
            replaceLast(by: normalization)
            return
        }
        if activation == .softmax, signal.isFlat, signal.height * signal.width > 1 {
            throw LayerError(
                code: .unsupported,
                detail: "softmax over a flattened image \(signal.shape); put a Dense layer between")
        }
        append(ActivationStage(layer: layer, activation: activation, rows: rows()))
    }
}

extension ElementActivation {
    /// The same as part of a convolution or of a batch normalisation: ReLU, with a ceiling or without.
    fileprivate var fused: ConvGeometry.Activation? {
        guard case .rectifier(let rectifier) = self else { return nil }
        let fused = ConvGeometry.Activation.rectified(ceiling: rectifier.ceiling)
        return fused.rectifier == rectifier ? fused : nil
    }
}

extension ConvGeometry.Activation {
    /// What it adds to the summary of a stage: `, relu`, or with a ceiling `, relu to 6.0`.
    var summary: String {
        switch self {
        case .linear: ""
        case .relu: ", relu"
        case .rectified(let ceiling): ", relu to \(ceiling)"
        }
    }
}
