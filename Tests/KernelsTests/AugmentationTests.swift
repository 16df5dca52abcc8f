// SPDX-License-Identifier: Apache-2.0
//
// The definitions, byte by byte, against every instruction set: whole numbers and single roundings, so to
// the bit. Resampling is in DatasetsTests, with what is beyond the edges.

import Engines
import Tensors
import Testing

@Suite struct AugmentationTests {
    /// Whole and broken vectors of pixels.
    private static let counts = Array(0...50) + [1000, 4099]

    private func bytes(_ count: Int, seed: Int = 1) -> [UInt8] {
        var noise = Noise(seed: seed)
        return (0..<count).map { _ in UInt8(noise.word() >> 24) }
    }

    /// Runs a kernel on bytes in the middle of others, which must stay as they are.
    private func changed(
        _ bytes: [UInt8], _ kernels: KernelSet, _ kernel: (MutableBytes) -> Void
    ) -> [UInt8] {
        let guardBytes = [UInt8](repeating: 99, count: 64)
        var all = guardBytes + bytes + guardBytes
        all.withUnsafeMutableBufferPointer {
            kernel(MutableBytes(rebasing: $0[64..<64 + bytes.count]))
        }
        #expect(Array(all[..<64]) == guardBytes && Array(all.suffix(64)) == guardBytes)
        return Array(all[64..<64 + bytes.count])
    }

    @Test(arguments: Engine.available, 1...4)
    func levelsAreThoseOfTheirTables(_ kernels: KernelSet, channels: Int) {
        let tables = bytes(256 * channels, seed: 2)
        for count in Self.counts {
            let pixels = bytes(count * channels)
            let expected = pixels.enumerated().map { tables[$0 % channels * 256 + Int($1)] }
            let found = changed(pixels, kernels) { pixels in
                tables.withUnsafeBufferPointer {
                    kernels.mapLevels(pixels, channels: channels, tables: $0)
                }
            }
            #expect(found == expected, "\(count) pixels")
        }
    }

    @Test(arguments: Engine.available, 1...4)
    func channelsAreSummed(_ kernels: KernelSet, channels: Int) {
        for count in Self.counts {
            let pixels = bytes(count * channels)
            var expected = SIMD4<Int64>()
            for (i, level) in pixels.enumerated() { expected[i % channels] += Int64(level) }
            let found = pixels.withUnsafeBufferPointer {
                kernels.channelSums($0, channels: channels)
            }
            #expect(found == expected, "\(count) pixels")
        }
    }

    @Test(arguments: Engine.available)
    func coloursAreThoseOfTheirDefinition(_ kernels: KernelSet) {
        for count in Self.counts {
            // Grey ones, and others of which two channels are equal.
            var pixels = bytes(3 * count)
            for i in 0..<count where i % 4 < 3 {
                pixels[3 * i + i % 3] = pixels[3 * i + (i + 1) % 3]
                if i % 8 == 0 { pixels[3 * i + 2] = pixels[3 * i] }
            }
            for change in [
                KernelSet.ColourChange.grey, .saturation(factor: 0), .saturation(factor: 0.7),
                .saturation(factor: 3), .hue(sextants: 0), .hue(sextants: 2.3), .hue(sextants: 6),
            ] {
                let expected = (0..<count).flatMap {
                    change.definition(pixels[3 * $0], pixels[3 * $0 + 1], pixels[3 * $0 + 2])
                }
                let found = changed(pixels, kernels) { kernels.changeColours($0, change) }
                #expect(found == expected, "\(count) pixels, \(change)")
            }
        }
    }

    @Test(arguments: Engine.available)
    func noiseIsThatOfItsStream(_ kernels: KernelSet) {
        let stream = Philox(seed: 4, purpose: .augmentation, 5, 6)
        let table = (0..<4096).map { Int16($0 / 8 - 256) }
        for count in Self.counts {
            let pixels = bytes(count)
            let expected = pixels.enumerated().map { i, level in
                let word = stream.words(1 << 32 + 3 + UInt64(i / 8))[i / 2 % 4]
                let index = Int(word >> (i % 2 == 0 ? 0 : 16)) & 4095
                return UInt8(min(max(Int(level) + Int(table[index]), 0), 255))
            }
            let found = changed(pixels, kernels) { pixels in
                table.withUnsafeBufferPointer {
                    kernels.addNoise(pixels, stream, from: 1 << 32 + 3, table: $0)
                }
            }
            #expect(found == expected, "\(count) bytes")
        }
    }

    @Test(arguments: Engine.available, [Int32(0), 1, 32768, 40_000, 65536])
    func mixturesAreRounded(_ kernels: KernelSet, share: Int32) {
        for count in Self.counts {
            let (own, other) = (bytes(count), bytes(count, seed: 2))
            let expected = zip(own, other).map { own, other in
                let sum = Int32(own) * share + Int32(other) * (65536 - share) + 32768
                return UInt8(sum >> 16)
            }
            let found = changed(own, kernels) { own in
                other.withUnsafeBufferPointer { kernels.blend(own, with: $0, share: share) }
            }
            #expect(found == expected, "\(count) bytes")
        }
    }

    @Test(arguments: Engine.available, 1...4)
    func imagesAreTurnedOver(_ kernels: KernelSet, channels: Int) {
        for width in Self.counts where 1...1000 ~= width {
            let height = width % 5 + 1, length = width * channels
            let pixels = bytes(height * length)
            func pixel(_ y: Int, _ x: Int) -> ArraySlice<UInt8> {
                pixels[y * length + x * channels..<y * length + (x + 1) * channels]
            }
            let places = (0..<height).flatMap { y in (0..<width).map { (y, $0) } }
            let mirrored = places.flatMap { pixel($0, width - 1 - $1) }
            let turned = places.flatMap { pixel(height - 1 - $0, $1) }
            let found = changed(pixels, kernels) {
                kernels.reverseRows($0, width: width, channels: channels)
            }
            #expect(found == mirrored, "\(height) x \(width)")
            #expect(
                changed(pixels, kernels) { kernels.reverseColumns($0, length: length) } == turned,
                "\(height) x \(width)")
        }
    }

    private static let weights: [[UInt32]] = [
        [65536], [63982, 777], [26214, 13107, 5243, 1311],
    ]

    @Test(arguments: Engine.available, weights)
    func blursAreSumsAlongBothAxes(_ kernels: KernelSet, weights: [UInt32]) {
        let radius = weights.count - 1
        for (height, width, channels) in [(1, 1, 1), (1, 5, 3), (7, 16, 1), (9, 11, 4), (3, 2, 2)] {
            let pixels = bytes(height * width * channels)
            func sum(_ at: (Int) -> UInt64) -> UInt64 {
                (-radius...radius).reduce(0) { $0 + at($1) * UInt64(weights[abs($1)]) }
            }
            func level(_ y: Int, _ x: Int, _ c: Int) -> UInt64 {
                UInt64(pixels[(y * width + min(max(x, 0), width - 1)) * channels + c])
            }
            func mixed(_ y: Int, _ x: Int, _ c: Int) -> UInt64 {
                (sum { level(y, x + $0, c) } + 128) >> 8
            }
            let expected = pixels.indices.map { i in
                let (y, x, c) = (i / channels / width, i / channels % width, i % channels)
                let total = sum { mixed(min(max(y + $0, 0), height - 1), x, c) }
                return UInt8((total + 1 << 23) >> 24)
            }
            // Wherever the scratch begins.
            let scratch = AlignedBuffer<UInt8>(
                count: 1
                    + KernelSet.blurScratchCount(
                        height: height, width: width, channels: channels, radius: radius))
            let found = changed(pixels, kernels) { pixels in
                weights.withUnsafeBufferPointer {
                    kernels.blur(
                        pixels, height: height, width: width, channels: channels, weights: $0,
                        scratch: MutableBytes(rebasing: scratch.elements[1...]))
                }
            }
            withExtendedLifetime(scratch) {}
            #expect(found == expected, "\(height) x \(width) x \(channels)")
        }
    }

    @Test func placesBeyondTheImageTrap() async {
        await #expect(processExitsWith: .failure) {
            let image = AlignedBuffer<UInt8>(count: 3 * 3 * 3 + 4)
            let row = AlignedBuffer<UInt8>(count: 6)
            // The second one would need a fourth column.
            let run = PlaceRun(x: 1 << 32, y: 0, stepX: 1 << 32, stepY: 0, count: 2)
            Engine.best().sample(
                Bytes(image.elements), (3, 3), channels: 3, run, into: row.elements)
        }
    }
}

extension KernelSet.ColourChange {
    /// As it was written down first, a pixel at a time.
    fileprivate func definition(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> [UInt8] {
        let (r, g, b) = (Float(red), Float(green), Float(blue))
        let largest = max(r, g, b), smallest = min(r, g, b), chroma = largest - smallest
        switch self {
        case .grey:
            let sum = 19_595 * UInt32(red) + 38_470 * UInt32(green) + 7_471 * UInt32(blue)
            return [UInt8](repeating: UInt8((sum + 32_768) >> 16), count: 3)
        case .saturation(let factor):
            guard chroma > 0 else { return [red, green, blue] }
            let growth = min(factor, largest / chroma)
            return [r, g, b].map { UInt8(largest - (largest - $0) * growth + 0.5) }
        case .hue(let sextants):
            guard chroma > 0 else { return [red, green, blue] }
            var hue =
                largest == r
                ? (g - b) / chroma : largest == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma
            if hue < 0 { hue += 6 }
            hue += sextants
            if hue >= 6 { hue -= 6 }
            return [abs(hue - 3) - 1, 2 - abs(hue - 2), 2 - abs(hue - 4)].map {
                UInt8(smallest + chroma * min(max($0, 0), 1) + 0.5)
            }
        }
    }
}
