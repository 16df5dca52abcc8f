// SPDX-License-Identifier: Apache-2.0

import Tensors

/// What each value of a pixel becomes as images are unpacked: standardization and a first `Rescaling` in
/// one look-up.
final class PixelTables {
    private let floats: AlignedBuffer<Float>
    /// Of the `Rescaling`, unless it has to wait for the whitening.
    private let scale: Float, offset: Float

    init(_ model: Model) {
        let standardization = model.standardization
        let channels = standardization.isPerChannel ? model.input[2] : 1
        let images = standardization.isPerImage ? model.blockSize : 1
        floats = AlignedBuffer(count: images * channels * 256)
        scale = standardization.whitens ? 1 : model.pixelScale
        offset = standardization.whitens ? 0 : model.pixelOffset
        if !standardization.isPerImage {
            standardization.fill(
                floats.elements, image: Bytes(start: nil, count: 0), scale: scale,
                offset: offset)
        }
    }

    /// The tables for a block's live images, made anew where each is taken for itself.
    func filled(_ block: PixelBlock, _ images: Bytes, of model: Model) -> Floats {
        let tables = floats.elements.slice(0..<block.tableCount)
        guard block.hasImageTables else { return Floats(tables) }
        let size = model.input.count
        for image in 0..<block.liveImages {
            model.standardization.fill(
                tables.slice(image * block.tableStride..<(image + 1) * block.tableStride),
                image: images.slice(image * size..<(image + 1) * size), scale: scale,
                offset: offset)
        }
        return Floats(tables)
    }
}
