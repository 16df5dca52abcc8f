// SPDX-License-Identifier: Apache-2.0
//
// Normalisations of each image by itself.

import Tensors

extension Lowering {
    mutating func normalizeGroups(_ geometry: GroupGeometry, center: Bool, scale: Bool) {
        let features = geometry.channels * (geometry.hasPixelFactors ? geometry.pixels : 1)
        func add(_ kind: String, _ initializer: Initializer, if isThere: Bool) -> Range<Int> {
            let end = parameters.last?.entry.range.upperBound ?? 0
            guard isThere else { return end..<end }
            return addParameter(
                kind, [features], .channels(geometry.channels, stored: geometry.stored),
                initializer,
                count: geometry.factorCount)
        }
        let gamma = add("gamma", .ones, if: scale)
        append(
            GroupNormalizationStage(
                layer: layer, geometry: geometry, gamma: gamma,
                beta: add("beta", .zeros, if: center)))
    }
}
