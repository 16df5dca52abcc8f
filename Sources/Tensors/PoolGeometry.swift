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
    /// Whether a max pool takes the smallest value of a window, not the largest.
    public var takesSmallest: Bool

    public init(
        images: Int, inputHeight: Int, inputWidth: Int, channels: Int, windowHeight: Int,
        windowWidth: Int, strideY: Int, strideX: Int, padTop: Int = 0, padLeft: Int = 0,
        outputHeight: Int, outputWidth: Int, takesSmallest: Bool = false
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
        self.takesSmallest = takesSmallest
    }

    public var inputCount: Int { inputHeight * inputWidth * images * channels }
    /// Bytes that a max pool notes taps in: one for each output, or, where windows have more taps than a byte can
    /// tell, the lower bytes of all and then the upper ones.
    public var argmaxCount: Int { hasWideTaps ? 2 * outputCount : outputCount }
    public var hasWideTaps: Bool { windowHeight * windowWidth > 256 }
    public var outputCount: Int { outputHeight * outputWidth * images * channels }
}
