// SPDX-License-Identifier: Apache-2.0

import Tensors

extension [RandomTransform] {
    /// Does to an image, in place, what chance makes of these, in their order. Neighbours that move pixels
    /// in one way of sampling are one resampling. Allocates nothing.
    ///
    /// - Parameters:
    ///   - pixels: uint8 `[H, W, C]`, C at most 4.
    ///   - scratch: Overwritten, `resampleScratchCount` bytes where any of them samples.
    func apply(
        to pixels: MutableBytes, _ shape: Shape, _ chance: Chance, scratch: MutableBytes,
        _ kernels: KernelSet
    ) {
        var map = PlaneMap(), sampling: RandomTransform.Sampling?
        for (index, transform) in enumerated() {
            let words = chance.transform(index)
            let own = transform.sampling
            let motion = transform.motion(words, height: shape[0], width: shape[1])
            if motion == nil || (own != nil && sampling != nil && own != sampling) {
                unsafe move(pixels, shape, map, sampling, scratch, kernels)
                (map, sampling) = (PlaneMap(), nil)
            }
            sampling = own ?? sampling
            if let motion { map = map.followed(by: motion) }
            if case .contrast(let factors, let levels) = transform {
                // Within `pixels`.
                unsafe changeContrast(
                    pixels, channels: shape[2], by: Chance.number(words[0], in: factors),
                    levels: levels, kernels)
            }
        }
        unsafe move(pixels, shape, map, sampling, scratch, kernels)
    }

    private func move(
        _ pixels: MutableBytes, _ shape: Shape, _ map: PlaneMap,
        _ sampling: RandomTransform.Sampling?, _ scratch: MutableBytes, _ kernels: KernelSet
    ) {
        // All of these stay within `pixels` and `scratch`.
        if map.mirrorsOnly {
            if map.xx < 0 {
                unsafe kernels.reverseRows(pixels, width: shape[1], channels: shape[2])
            }
            if map.yy < 0 { unsafe kernels.reverseColumns(pixels, length: shape[1] * shape[2]) }
        } else if let sampling {
            unsafe resample(
                pixels, shape, AffineMap(map, height: shape[0], width: shape[1]),
                mode: sampling.fillMode.ofLayers, fill: nearestByte(sampling.fillValue),
                nearest: sampling.interpolation == .nearest, scratch: scratch, kernels)
        }
    }
}
