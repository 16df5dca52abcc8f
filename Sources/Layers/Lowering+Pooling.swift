// SPDX-License-Identifier: Apache-2.0
//
// Pools, and what changes places with them.

import Tensors

extension Lowering {
    /// - Parameter smallest: Takes the smallest value of a window, not the largest.
    mutating func pool(
        size: Size2D, strides: Size2D, windows: Windows, smallest: Bool = false
    ) throws(LayerError) {
        guard size.height * size.width <= 65_536 else {
            throw LayerError(
                code: .unsupported,
                detail:
                    "a \(size) pool has \(size.height * size.width) values, more than 65536; use two"
                    + " pools after each other")
        }
        defer {
            signal.height = windows.down.count
            signal.width = windows.across.count
        }
        let isPlain =
            !smallest && size == Size2D(2) && strides == Size2D(2)
            && windows.down.count == signal.height / 2
            && windows.across.count == signal.width / 2
        if isPlain, var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.canFusePool
        {
            convolution.geometry.pooled = true
            replaceLast(by: convolution)
            return
        }
        // ReLU and a maximum can change places: ReLU has less to do after the pool, and since that keeps
        // its argmax, nobody has to keep the larger map.
        var gate = false
        if !smallest, var convolution = openStage(ConvolutionStage.self),
            convolution.geometry.activation == .relu, !convolution.geometry.pooled
        {
            convolution.geometry.activation = .linear
            replaceLast(by: convolution)
            gate = true
        }
        var geometry = poolGeometry(size: size, strides: strides, windows)
        geometry.takesSmallest = smallest
        append(MaxPoolStage(layer: layer, geometry: geometry))
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
}
