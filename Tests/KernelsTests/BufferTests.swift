// SPDX-License-Identifier: Apache-2.0
//
// Pixels and vectors as they arrive: packed, added, looked through.

import Engines
import Tensors
import Testing

@Suite struct BufferTests {
    /// By a table for all, for each image, for each channel, for each of both.
    @Test(
        arguments: Engine.available.flatMap { kernels in (0..<4).map { (kernels, $0) } },
        [(1, 1), (2, 2), (3, 3), (4, 4), (1, 16), (3, 16), (17, 32)])
    func pixelsArePacked(by: (kernels: KernelSet, tables: Int), channels: (real: Int, stored: Int))
    {
        let (kernels, (channels, stored)) = (by.kernels, channels)
        let block = PixelBlock(
            images: 8, liveImages: 5, height: 3, width: 5, channels: channels,
            storedChannels: stored, hasImageTables: by.tables & 1 == 1,
            hasChannelTables: by.tables & 2 == 2)
        var noise = Noise(seed: channels)
        let pixels = (0..<block.byteCount).map { _ in UInt8(truncatingIfNeeded: noise.word()) }
        let values = noise.buffer(block.floatCount), tables = noise.buffer(block.tableCount)
        pixels.withUnsafeBufferPointer {
            kernels.packPixels(
                block, $0, tables: Floats(tables.elements), into: values.elements)
        }
        for p in 0..<15 {
            for i in 0..<8 {
                for c in 0..<stored {
                    let isReal = i < 5 && c < channels
                    let byte = isReal ? pixels[(i * 15 + p) * channels + c] : 0
                    let image = block.hasImageTables ? i : 0
                    let table =
                        block.hasChannelTables ? image * channels + c : image
                    let expected = isReal ? tables.base[table * 256 + Int(byte)] : 0
                    #expect(values.base[(p * 8 + i) * stored + c] == expected)
                }
            }
        }
    }

    @Test(arguments: Engine.available, [0, 1, 15, 16, 17, 1000])
    func sumsTakeAnyByte(_ kernels: KernelSet, count: Int) {
        var noise = Noise(seed: count)
        let sum = noise.buffer(count), before = sum.values
        let addend = (0..<count).map { _ in noise.unit() }
        var bytes: [UInt8] = [0, 0, 0]
        addend.withUnsafeBytes { bytes += $0 }
        bytes.withUnsafeBytes {
            kernels.add(UnsafeRawBufferPointer(rebasing: $0[3...]), to: sum.elements)
        }
        #expect(sum.values == zip(before, addend).map { $0 + $1 })
    }

    @Test(arguments: Engine.available, [Float.nan, .infinity, -.infinity])
    func oneBadNumberIsSeen(_ kernels: KernelSet, bad: Float) {
        for count in [1, 16, 37] {
            var values = [Float](repeating: .greatestFiniteMagnitude, count: count)
            #expect(values.withUnsafeBytes { kernels.isFinite($0) })
            for i in 0..<count {
                values[i] = bad
                #expect(!values.withUnsafeBytes { kernels.isFinite($0) })
                values[i] = -.greatestFiniteMagnitude
            }
        }
        #expect(kernels.isFinite(UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    /// A sum that was never there is passed on, not added to zero: -0 stays -0 only then.
    @Test(arguments: Engine.available)
    func negativeZeroIsAnAddend(_ kernels: KernelSet) {
        let sum = AlignedBuffer([Float](repeating: -0.0, count: 16))
        let addend = AlignedBuffer([Float](repeating: -0.0, count: 16))
        kernels.add(UnsafeRawBufferPointer(addend.elements), to: sum.elements)
        #expect(sum.bits.allSatisfy { $0 == 0x8000_0000 })
    }
}
