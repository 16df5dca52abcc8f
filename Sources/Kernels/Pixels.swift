// SPDX-License-Identifier: Apache-2.0
//
// Images as they are stored, [image][y][x][c] of bytes, to [y][x][image][c] of floats.

import Tensors

enum Pixels {
    /// out[y, x, n, c] = tables[n or 0, c or 0, pixels[n, y, x, c]]
    @inline(never)
    static func pack(
        _ block: PixelBlock, _ pixels: UnsafePointer<UInt8>?, _ tables: Source?,
        into values: Target
    ) {
        if block.hasImageTables || block.hasChannelTables {
            return gather(
                block, pixels, tables, values, channels: Line<0>.self,
                imageStride: block.hasImageTables ? block.tableStride : 0,
                channelStride: block.hasChannelTables ? 256 : 0)
        }
        switch (block.channels, block.storedChannels) {
        case (1, 1): gather(block, pixels, tables, values, channels: Line<1>.self)
        case (3, 3): gather(block, pixels, tables, values, channels: Line<3>.self)
        default: gather(block, pixels, tables, values, channels: Line<0>.self)
        }
    }

    /// - Parameters:
    ///   - channels: Their number, where the loop over them is to unroll and all of them are real; else 0.
    ///   - imageStride: Floats from a table to that of the next image, as `channelStride` is to that of
    ///     the next channel.
    @inline(always)
    private static func gather<let C: Int>(
        _ block: PixelBlock, _ pixels: UnsafePointer<UInt8>?, _ tables: Source?, _ values: Target,
        channels: Line<C>.Type, imageStride: Int = 0, channelStride: Int = 0
    ) {
        let n = block.images, live = block.liveImages, channels = C == 0 ? block.channels : C
        let stored = C == 0 ? block.storedChannels : C
        let extent = block.height * block.width
        for p in 0..<extent {
            let out = values + p * n * stored
            for i in 0..<live {
                let pixel = pixels! + (i * extent + p) * channels
                let table = tables! + i * imageStride
                for c in 0..<channels {
                    out[i * stored + c] = table[c * channelStride + Int(pixel[c])]
                }
                for c in channels..<stored { out[i * stored + c] = 0 }
            }
            for i in live * stored..<n * stored { out[i] = 0 }
        }
    }
}
