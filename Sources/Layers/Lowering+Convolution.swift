// SPDX-License-Identifier: Apache-2.0
//
// Convolutions, and the activations that become part of them.

import Tensors

extension Lowering {
    /// A convolution with its bias.
    mutating func convolve(
        filters: Int, kernel: Size2D, strides: Size2D, windows: Windows, kernelShape: Shape,
        useBias: Bool, _ options: WeightOptions
    ) {
        let padding = removePadding(kernel, strides, windows)
        if signal.channels > 4 { widen() }
        let stored = Self.padded(filters)
        var geometry = ConvGeometry(
            images: images, inputHeight: signal.height, inputWidth: signal.width,
            inputChannels: signal.stored, outputChannels: stored, kernelHeight: kernel.height,
            kernelWidth: kernel.width, strideY: strides.height, strideX: strides.width,
            padTop: padding.top, padLeft: padding.left,
            convHeight: windows.down.count, convWidth: windows.across.count,
            needsInputGradient: wantsGradient[signal.value])
        geometry.algorithm = geometry.table(winograd: winograd)
        geometry.blocksPerShard = blocksPerShard

        let placement = KernelPlacement(geometry, channels: signal.channels, filters: filters)
        let kernelRange = addParameter(
            "kernel", kernelShape, .kernel(placement), options.kernelInitializer,
            count: geometry.weightCount)
        let biasRange =
            useBias
            ? addParameter(
                "bias", [filters], .channels(filters, stored: stored), options.biasInitializer,
                count: stored)
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
        if activation == .relu, var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.canFuseReLU
        {
            convolution.geometry.activation = .relu
            replaceLast(by: convolution)
            return
        }
        if activation == .relu, var normalization = openStage(NormalizationStage.self),
            normalization.geometry.activation == .linear
        {
            normalization.geometry.activation = .relu
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
