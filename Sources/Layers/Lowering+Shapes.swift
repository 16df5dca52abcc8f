// SPDX-License-Identifier: Apache-2.0
//
// Layers that move pixels and compute nothing.

import Tensors

extension Layer {
    /// - Throws: If the input is not `[H, W, C]`.
    func expectImages(_ input: Shape) throws(LayerError) {
        guard input.rank == 3 else {
            throw LayerError(
                code: .shapeMismatch,
                detail: "\(kerasName) takes images (height, width, channels), but its input is"
                    + " \(input); put it before Flatten")
        }
    }
}

extension Lowering {
    /// Sees the image through another frame.
    mutating func frame(_ frame: Frame) {
        guard !frame.isWhole else { return }
        let source = signal
        widen()
        append(
            FrameStage(layer: layer, frame: frame, pixel: images * signal.stored, source: source))
        signal.height = frame.outputHeight
        signal.width = frame.outputWidth
    }

    /// Takes back the zeros that have just been put around an image, if a kernel's windows can leave them out
    /// themselves: none of them may lie in the zeros alone.
    ///
    /// - Returns: What the windows leave out above and to the left. The signal is what it was without the zeros.
    mutating func removePadding(
        _ kernel: Size2D, _ strides: Size2D, _ windows: Windows
    ) -> (top: Int, left: Int) {
        let (top, left) = (windows.down.padding, windows.across.padding)
        guard !signal.isFlat, let stage = openStage(FrameStage.self), stage.frame.isPadding else {
            return (top, left)
        }
        let frame = stage.frame, (above, before) = (top - frame.top, left - frame.left)
        guard above < kernel.height, before < kernel.width,
            (windows.down.count - 1) * strides.height - above < frame.inputHeight,
            (windows.across.count - 1) * strides.width - before < frame.inputWidth
        else { return (top, left) }
        removeLast()
        signal = stage.source
        restoreImages()
        return (above, before)
    }

    mutating func upsample(_ size: Size2D, bilinear: Bool) {
        widen()
        let geometry = UpsampleGeometry(
            images: images, inputHeight: signal.height, inputWidth: signal.width,
            channels: signal.stored, factorY: size.height, factorX: size.width, isBilinear: bilinear
        )
        append(UpsampleStage(layer: layer, geometry: geometry))
        signal.height *= size.height
        signal.width *= size.width
    }

    /// Numbers in the order of height, width, channel, as an image of another shape.
    mutating func reshape(height: Int, width: Int, channels: Int) {
        if channels != signal.channels {
            widen()
            let (input, pixels) = (signal, height * width)
            signal.channels = channels
            signal.stored = Self.padded(channels)
            append(
                RepackStage(
                    layer: layer, images: images,
                    input: PixelRows(
                        pixels: input.height * input.width, channels: input.channels,
                        stored: input.stored),
                    output: PixelRows(pixels: pixels, channels: channels, stored: signal.stored)))
        }
        signal.height = height
        signal.width = width
        signal.isFlat = false
    }
}
