// SPDX-License-Identifier: Apache-2.0
//
// Images with more pixels, and numbers in rows of another length.

/// Whole numbers of pixels in the place of each, over `[y][x][image][channel]`.
public struct UpsampleGeometry: Hashable, Sendable {
    public var images: Int
    public var inputHeight: Int, inputWidth: Int
    /// Stored channels, a multiple of 16.
    public var channels: Int
    public var factorY: Int, factorX: Int
    /// Whether pixels are mixed with their neighbours, not repeated: output pixel `o` lies at
    /// `(o + 1/2) / factor - 1/2` of the input, and beyond the edges are the pixels at them.
    public var isBilinear: Bool

    public init(
        images: Int, inputHeight: Int, inputWidth: Int, channels: Int, factorY: Int, factorX: Int,
        isBilinear: Bool
    ) {
        self.images = images
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.channels = channels
        self.factorY = factorY
        self.factorX = factorX
        self.isBilinear = isBilinear
    }

    public var inputCount: Int { inputHeight * inputWidth * images * channels }
    public var outputCount: Int { inputCount * factorY * factorX }
}

/// How the numbers of an image lie in the memory of a block: `[pixel][image][channel]`.
public struct PixelRows: Hashable, Sendable {
    public var pixels: Int
    public var channels: Int
    /// Channels in memory, a multiple of 16.
    public var stored: Int

    public init(pixels: Int, channels: Int, stored: Int) {
        self.pixels = pixels
        self.channels = channels
        self.stored = stored
    }

    public func count(_ images: Int) -> Int { pixels * images * stored }
}

extension KernelSet {
    /// `output` is overwritten.
    public func upsampleForward(
        _ geometry: UpsampleGeometry, _ input: Floats, into output: MutableFloats
    ) {
        geometry.check()
        expect(input.count, geometry.inputCount, "upsampleForward: input", geometry)
        expect(output.count, geometry.outputCount, "upsampleForward: output", geometry)
        loops.upsampleForward(geometry, input, into: output)
    }

    /// Gathers the gradients of all pixels that one became part of.
    ///
    /// - Parameter adding: Whether to add to what stands in `inputGradient` instead of overwriting it.
    public func upsampleBackward(
        _ geometry: UpsampleGeometry, _ outputGradient: Floats, adding: Bool,
        into inputGradient: MutableFloats
    ) {
        geometry.check()
        expect(outputGradient.count, geometry.outputCount, "upsampleBackward: gradient", geometry)
        expect(
            inputGradient.count, geometry.inputCount, "upsampleBackward: input gradient", geometry)
        loops.upsampleBackward(geometry, outputGradient, adding: adding, into: inputGradient)
    }

    /// Copies the live channels of each image, pixel after pixel, into those of other rows. The other channels
    /// become zero.
    ///
    /// - Parameter adding: Whether to add to `result` instead of overwriting it.
    public func repack(
        _ input: PixelRows, as output: PixelRows, images: Int, _ values: Floats, adding: Bool,
        into result: MutableFloats
    ) {
        input.check()
        output.check()
        precondition(
            input.pixels * input.channels == output.pixels * output.channels,
            "repack: \(input) as \(output)")
        expect(values.count, input.count(images), "repack: values", input)
        expect(result.count, output.count(images), "repack: result", output)
        loops.repack(input, as: output, images: images, values, adding: adding, into: result)
    }
}

extension UpsampleGeometry {
    fileprivate func check() {
        precondition(
            images > 0 && inputHeight > 0 && inputWidth > 0 && channels > 0 && channels % 16 == 0
                && factorY > 0 && factorX > 0,
            "UpsampleGeometry: the kernels cannot do \(self)")
    }
}

extension PixelRows {
    fileprivate func check() {
        precondition(
            pixels > 0 && channels > 0 && channels <= stored && stored % 16 == 0,
            "PixelRows: the kernels cannot do \(self)")
    }
}
