// SPDX-License-Identifier: Apache-2.0

import Tensors
import Testing

@Suite struct ConvGeometryTests {
    /// The examples of the article on convolutions, with shards of two blocks of 16 images.
    @Test(arguments: [
        (extent: 8, from: 256, to: 256, isAtOnce: true),
        (4, 512, 512, true), (8, 128, 256, false), (16, 128, 128, false),
    ])
    func wideLayersOnSmallMapsAreSummedAtOnce(
        _ layer: (extent: Int, from: Int, to: Int, isAtOnce: Bool)
    ) {
        var geometry = ConvGeometry(
            images: 16, inputHeight: layer.extent, inputWidth: layer.extent,
            inputChannels: layer.from, outputChannels: layer.to, kernelHeight: 3, kernelWidth: 3,
            padTop: 1, padLeft: 1, convHeight: layer.extent, convWidth: layer.extent,
            algorithm: .winograd)
        geometry.blocksPerShard = 2
        #expect(geometry.sumsAtOnce == layer.isAtOnce)
        geometry.keepsInput = false
        #expect(!geometry.sumsAtOnce)
        geometry.keepsInput = true
        geometry.algorithm = .direct
        #expect(!geometry.sumsAtOnce)
    }
}
