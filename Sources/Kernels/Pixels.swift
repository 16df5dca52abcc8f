// SPDX-License-Identifier: Apache-2.0
//
// Images as they are stored, [image][y][x][c] of bytes, to [y][x][image][c] of floats.

import Tensors

enum Pixels {
    /// out[y, x, n, c] = offset + scale * pixels[n, y, x, c]; a table of all 256 makes it a look-up.
    @inline(never)
    static func pack(
        _ block: PixelBlock, _ pixels: UnsafePointer<UInt8>?, into values: Target
    ) {
        var table = Line<16>(repeating: Vector())
        withUnsafeMutablePointer(to: &table) {
            let table = UnsafeMutableRawPointer($0).assumingMemoryBound(to: Float.self)
            for i in stride(from: 0, to: 256, by: 16) {
                (table + i).vector = Vector(block.offset).plus(
                    block.scale, times: (laneNumbers &+ Integers(repeating: Int32(i))).floats)
            }
            switch (block.channels, block.storedChannels) {
            case (1, 1): gather(block, pixels, table, values, channels: Line<1>.self)
            case (3, 3): gather(block, pixels, table, values, channels: Line<3>.self)
            default: gather(block, pixels, table, values, channels: Line<0>.self)
            }
        }
    }

    /// - Parameter channels: Their number, where the loop over them is to unroll and all of them are
    ///   real; else 0.
    @inline(always)
    private static func gather<let C: Int>(
        _ block: PixelBlock, _ pixels: UnsafePointer<UInt8>?, _ table: Source, _ values: Target,
        channels: Line<C>.Type
    ) {
        let n = block.images, live = block.liveImages, channels = C == 0 ? block.channels : C
        let stored = C == 0 ? block.storedChannels : C
        let extent = block.height * block.width
        for p in 0..<extent {
            let out = values + p * n * stored
            for i in 0..<live {
                let pixel = pixels! + (i * extent + p) * channels
                for c in 0..<channels { out[i * stored + c] = table[Int(pixel[c])] }
                for c in channels..<stored { out[i * stored + c] = 0 }
            }
            for i in live * stored..<n * stored { out[i] = 0 }
        }
    }
}
