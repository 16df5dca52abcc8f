// SPDX-License-Identifier: Apache-2.0
//
// Many small images as one PNG file, to look at.

import CImageCodecs
import Tensors

/// Images of one shape, row by row, each with its caption; small ones are enlarged.
public struct ImageGrid: Sendable {
    public let columns: Int
    private let imageShape: Shape
    private var images: [(pixels: [UInt8], caption: String)] = []

    private static let gap = 2
    private static let paper: UInt8 = 255
    /// Images smaller than that are shown at a multiple of their size.
    private static let smallest = 96

    /// - Parameter imageShape: `[H, W, C]`; of one or two channels the first is shown as grey, of more the
    ///   first three as colours.
    public init(columns: Int, imageShape: Shape) {
        precondition(columns > 0 && imageShape.rank == 3, "ImageGrid: \(columns), \(imageShape)")
        self.columns = columns
        self.imageShape = imageShape
    }

    /// - Parameters:
    ///   - pixels: `[H, W, C]`
    ///   - caption: Stands below; cut where it is too long.
    public mutating func append(_ pixels: [UInt8], caption: String) {
        precondition(
            pixels.count == imageShape.count, "ImageGrid: \(pixels.count) bytes, \(imageShape)")
        images.append((pixels, caption))
    }

    /// Writes the grid, over a file of the name if there is one.
    public func write(to path: String) throws(DatasetError) {
        try writeFile(png(), to: path, replacing: true)
    }

    /// The bytes of an RGB file.
    func png() -> [UInt8] {
        let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
        let scale = max(1, Self.smallest / max(height, width))
        let rows = (images.count + columns - 1) / columns
        let tileHeight = height * scale + Caption.height + Self.gap
        let tileWidth = width * scale + Self.gap
        let (gridHeight, gridWidth) = (rows * tileHeight + Self.gap, columns * tileWidth + Self.gap)
        // Each row begins with the number of its filter: none.
        let stride = 1 + 3 * gridWidth
        var grid = [UInt8](repeating: Self.paper, count: gridHeight * stride)
        for y in 0..<gridHeight { grid[y * stride] = 0 }
        for (number, (image, text)) in images.enumerated() {
            let top = Self.gap + number / columns * tileHeight
            let left = Self.gap + number % columns * tileWidth
            for y in 0..<height * scale {
                for x in 0..<width * scale {
                    let from = (y / scale * width + x / scale) * channels
                    let to = (top + y) * stride + 1 + 3 * (left + x)
                    for colour in 0..<3 {
                        grid[to + colour] = image[from + (channels < 3 ? 0 : colour)]
                    }
                }
            }
            let caption = Caption(text, width: width * scale)
            for y in 0..<Caption.height {
                for x in 0..<width * scale where caption.isBlack(y, x) {
                    let to = (top + height * scale + y) * stride + 1 + 3 * (left + x)
                    for colour in 0..<3 { grid[to + colour] = 0 }
                }
            }
        }
        let sizes = Self.bigEndian(gridWidth) + Self.bigEndian(gridHeight)
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + Self.chunk("IHDR", sizes + [8, 2, 0, 0, 0]) + Self.chunk("IDAT", Self.deflated(grid))
            + Self.chunk("IEND", [])
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        // zlib reads the array's own bytes during the call.
        let check = unsafe body.withUnsafeBufferPointer {
            unsafe crc32_z(0, $0.baseAddress, $0.count)
        }
        return bigEndian(data.count) + body + bigEndian(Int(check))
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var size = compressBound(UInt(bytes.count))
        // Initialised to `count`, which is what zlib wrote.
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { output, count in
            // zlib reads and writes the arrays' own bytes during the call.
            let outcome = unsafe bytes.withUnsafeBufferPointer {
                unsafe compress(output.baseAddress, &size, $0.baseAddress, UInt($0.count))
            }
            precondition(outcome == Z_OK, "compress: \(outcome) with room for \(size) bytes")
            count = Int(size)
        }
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
