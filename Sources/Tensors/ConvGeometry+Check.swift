// SPDX-License-Identifier: Apache-2.0
//
// What the kernels take for granted of a geometry.

extension ConvGeometry {
    /// Whether a first layer's channels, stored as they are, or channels in 16s.
    public var hasNarrowInput: Bool { (1...4).contains(inputChannels) }

    /// Traps where the kernels could not compute this convolution.
    func check() {
        guard algorithm != .transposed else {
            precondition(
                !pooled && groups == nil && dilationY == 1 && dilationX == 1,
                "ConvGeometry: the transposed algorithm cannot do \(self)")
            return reversed.check()
        }
        precondition(
            images > 0 && images % KernelSet.imageMultiple == 0,
            "ConvGeometry: \(images) images are not a multiple of \(KernelSet.imageMultiple)")
        precondition(
            outputChannels > 0 && outputChannels % 16 == 0
                && (hasNarrowInput || inputChannels > 0 && inputChannels % 16 == 0),
            "ConvGeometry: channels \(inputChannels) -> \(outputChannels) are not in 16s")
        precondition(
            kernelHeight > 0 && kernelWidth > 0 && strideY > 0 && strideX > 0
                && convHeight > 0 && convWidth > 0 && inputHeight > 0 && inputWidth > 0,
            "ConvGeometry: an extent of \(self) is not positive")
        // Every output pixel reads at least one row and one column of the image.
        precondition(
            padTop >= 0 && padTop <= (kernelHeight - 1) * dilationY
                && padLeft >= 0 && padLeft <= (kernelWidth - 1) * dilationX
                && (convHeight - 1) * strideY - padTop < inputHeight
                && (convWidth - 1) * strideX - padLeft < inputWidth,
            "ConvGeometry: an output of \(self) reads nothing but padding")
        precondition(
            dilationY > 0 && dilationX > 0 && (dilationY == 1 && dilationX == 1 || !isStrided),
            "ConvGeometry: taps are apart and strides more than 1 in \(self)")
        checkGroups()
        precondition(
            activation.isPossible, "ConvGeometry: the ceiling of \(self) is not above zero")
        precondition(
            !pooled || activation == .relu && convHeight > 1 && convWidth > 1,
            "ConvGeometry: a fused pool needs ReLU and 2x2 outputs, not \(self)")
        switch algorithm {
        case .transposed: break
        case .depthwise:
            precondition(
                !pooled && groups?.inputs == 1 && groups?.outputs == 1
                    && inputChannels == outputChannels,
                "ConvGeometry: the depthwise algorithm cannot do \(self)")
        case .direct:
            precondition(!pooled, "ConvGeometry: a direct convolution has no fused pool")
            precondition(
                !hasNarrowInput,
                "ConvGeometry: a direct convolution takes channels in 16s, not \(self)")
        case .narrow:
            precondition(
                hasNarrowInput && !needsInputGradient && groups == nil,
                "ConvGeometry: the narrow algorithm cannot do \(self)")
        case .winograd:
            precondition(
                is3x3 && !hasNarrowInput && groups == nil,
                "ConvGeometry: Winograd F(4x4, 3x3) cannot do \(self)")
        }
    }

    private var is3x3: Bool {
        kernelHeight == 3 && kernelWidth == 3 && !isStrided && dilationY == 1 && dilationX == 1
    }

    private var isStrided: Bool { strideY > 1 || strideX > 1 }

    private func checkGroups() {
        guard let groups else { return }
        precondition(
            groups.count > 0 && groups.inputs > 0 && groups.outputs > 0 && !hasNarrowInput
                && groups.count * groups.inputs <= inputChannels
                && groups.count * groups.outputs <= outputChannels,
            "ConvGeometry: the groups of \(self) do not fit its channels")
    }
}

extension ConvGeometry.Activation {
    var isPossible: Bool { rectifier.map { $0.ceiling > 0 } ?? true }
}

extension PoolGeometry {
    /// Traps where the kernels could not compute this pool.
    func check() {
        precondition(
            images > 0 && channels > 0 && channels % 16 == 0,
            "PoolGeometry: \(channels) channels are not in 16s")
        precondition(
            windowHeight > 0 && windowWidth > 0 && strideY > 0 && strideX > 0
                && outputHeight > 0 && outputWidth > 0,
            "PoolGeometry: an extent of \(self) is not positive")
        precondition(
            padTop >= 0 && padTop < windowHeight && padLeft >= 0 && padLeft < windowWidth
                && (outputHeight - 1) * strideY - padTop < inputHeight
                && (outputWidth - 1) * strideX - padLeft < inputWidth,
            "PoolGeometry: a window of \(self) lies outside the image")
    }

    /// A max pool notes taps in one byte or in two.
    func checkTaps() {
        precondition(
            windowHeight * windowWidth <= 65_536,
            "PoolGeometry: windows have 1 to 65536 taps, not \(self)")
    }
}
