// SPDX-License-Identifier: Apache-2.0
//
// The layers that vary images, as the decoder of the images does it.

import Datasets
import Layers

extension RandomTransform {
    /// What the layers at the front of a model do to pixels, in their order.
    static func all(of nodes: [Node]) -> [RandomTransform] {
        // What a layer reads of a pixel is pixel * scale + offset.
        var scale = 1.0, offset = 0.0
        func pixel(_ value: Double) -> Double {
            let pixel = (value - offset) / scale
            return pixel.isFinite ? min(max(pixel, 0), 255) : 0
        }
        func sampling(_ layer: ImageSampling) -> Sampling {
            Sampling(
                fillMode: .init(rawValue: layer.fillMode.rawValue) ?? .reflect,
                interpolation: .init(rawValue: layer.interpolation.rawValue) ?? .bilinear,
                fillValue: pixel(layer.fillValue))
        }
        var transforms: [RandomTransform] = []
        for node in nodes {
            switch node.layer {
            case let layer as Rescaling:
                (scale, offset) = (scale * layer.scale, offset * layer.scale + layer.offset)
            case let layer as RandomFlip:
                transforms.append(
                    .flip(horizontal: layer.mode != .vertical, vertical: layer.mode != .horizontal))
            case let layer as RandomRotation:
                transforms.append(
                    .rotation(
                        degrees: layer.factor.lowerBound * 360...layer.factor.upperBound * 360,
                        sampling(layer.sampling)))
            case let layer as RandomZoom:
                transforms.append(
                    .zoom(
                        height: layer.heightFactor.plusOne, width: layer.widthFactor?.plusOne,
                        sampling(layer.sampling)))
            case let layer as RandomTranslation:
                transforms.append(
                    .translation(
                        height: layer.heightFactor, width: layer.widthFactor,
                        sampling(layer.sampling)))
            case let layer as RandomContrast:
                let ends = [layer.valueRange.lowerBound, layer.valueRange.upperBound].map(pixel)
                transforms.append(
                    .contrast(
                        factors: 1 - layer.lower...1 + layer.upper,
                        levels: min(ends[0], ends[1])...max(ends[0], ends[1])))
            default: return transforms
            }
        }
        return transforms
    }
}

extension ClosedRange<Double> {
    fileprivate var plusOne: Self { 1 + lowerBound...1 + upperBound }
}
