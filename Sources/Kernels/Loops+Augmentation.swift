// SPDX-License-Identifier: Apache-2.0
//
// The door for what varies images.

import Tensors

extension Loops {
    package static func sample(
        _ image: Bytes, length: Int, channels: Int, _ run: PlaceRun, into row: MutableBytes
    ) {
        Affine.sample(
            image.baseAddress!, length: length, channels: channels, run, into: row.baseAddress!)
    }

    package static func mapLevels(_ pixels: MutableBytes, channels: Int, tables: Bytes) {
        guard let base = pixels.baseAddress else { return }
        Levels.map(base, count: pixels.count, channels: channels, tables.baseAddress!)
    }

    package static func channelSums(_ pixels: Bytes, channels: Int) -> SIMD4<Int64> {
        var sums = SIMD4<Int64>()
        guard let base = pixels.baseAddress else { return sums }
        Levels.sum(base, count: pixels.count, channels: channels, into: &sums)
        return sums
    }

    package static func changeColours(_ pixels: MutableBytes, _ change: KernelSet.ColourChange) {
        guard let base = pixels.baseAddress else { return }
        let count = pixels.count / 3
        switch change {
        case .saturation(let factor): Colours.changeSaturation(base, count: count, by: factor)
        case .hue(let sextants): Colours.turnHue(base, count: count, by: sextants)
        case .grey: Colours.removeColour(base, count: count)
        }
    }

    package static func addNoise(
        _ pixels: MutableBytes, _ noise: Philox, from block: UInt64,
        table: UnsafeBufferPointer<Int16>
    ) {
        guard let base = pixels.baseAddress else { return }
        Levels.addNoise(base, count: pixels.count, noise, from: block, table.baseAddress!)
    }

    package static func blend(_ own: MutableBytes, with other: Bytes, share: Int32) {
        guard let base = own.baseAddress else { return }
        Levels.blend(base, other.baseAddress!, count: own.count, share: share)
    }

    package static func blur(
        _ pixels: MutableBytes, height: Int, width: Int, channels: Int, weights: Words,
        scratch: MutableBytes
    ) {
        guard let base = pixels.baseAddress else { return }
        let mixed = UnsafeMutableRawPointer(scratch.baseAddress!).alignedUp(for: UInt16.self)
            .assumingMemoryBound(to: UInt16.self)
        Blur.run(
            base, height: height, width: width, channels: channels, weights.baseAddress!,
            radius: weights.count - 1, line: mixed + pixels.count + 16, mixed: mixed)
    }

    package static func reverseRows(_ pixels: MutableBytes, width: Int, channels: Int) {
        guard let base = pixels.baseAddress else { return }
        for row in stride(from: 0, to: pixels.count, by: width * channels) {
            Mirror.reverse(base + row, width: width, channels: channels)
        }
    }

    package static func reverseColumns(_ pixels: MutableBytes, length: Int) {
        guard let base = pixels.baseAddress else { return }
        let rows = pixels.count / length
        for y in 0..<rows / 2 {
            Mirror.exchange(base + y * length, base + (rows - 1 - y) * length, count: length)
        }
    }
}
