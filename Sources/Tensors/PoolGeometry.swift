// SPDX-License-Identifier: Apache-2.0
//
// The extents of one pooling layer over one block of images.

/// A max or average pool over `[y][x][image][channel]`; taps outside the image are left out.
public struct PoolGeometry: Hashable, Sendable {
    public var images: Int
    public var inputHeight: Int, inputWidth: Int
    /// Stored channels, a multiple of 16.
    public var channels: Int
    public var windowHeight: Int, windowWidth: Int
    public var strideY: Int, strideX: Int
    public var padTop: Int, padLeft: Int
    public var outputHeight: Int, outputWidth: Int

    public init(
        images: Int, inputHeight: Int, inputWidth: Int, channels: Int, windowHeight: Int,
        windowWidth: Int, strideY: Int, strideX: Int, padTop: Int = 0, padLeft: Int = 0,
        outputHeight: Int, outputWidth: Int
    ) {
        self.images = images
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.channels = channels
        self.windowHeight = windowHeight
        self.windowWidth = windowWidth
        self.strideY = strideY
        self.strideX = strideX
        self.padTop = padTop
        self.padLeft = padLeft
        self.outputHeight = outputHeight
        self.outputWidth = outputWidth
    }

    public var inputCount: Int { inputHeight * inputWidth * images * channels }
    public var outputCount: Int { outputHeight * outputWidth * images * channels }
}
