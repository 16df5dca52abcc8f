// SPDX-License-Identifier: Apache-2.0
//
// How a camera was held: the orientation that a JPEG file's EXIF data tells. Files are hostile: whatever
// is not as it should be means that nothing is told.

import Tensors

/// How the stored rows and columns become the picture; the numbers are those of EXIF.
enum ImageOrientation: UInt16 {
    case upright = 1
    case mirrored, upsideDown, mirroredUpsideDown
    /// Rows become columns.
    case transposed, turnedRight, transverse, turnedLeft

    var swapsAxes: Bool { rawValue >= 5 }

    /// Where in a stored image of `height` x `width` pixels the picture's pixel (y, x) lies.
    func source(_ y: Int, _ x: Int, _ height: Int, _ width: Int) -> (y: Int, x: Int) {
        switch self {
        case .upright: (y, x)
        case .mirrored: (y, width - 1 - x)
        case .upsideDown: (height - 1 - y, width - 1 - x)
        case .mirroredUpsideDown: (height - 1 - y, x)
        case .transposed: (x, y)
        case .turnedRight: (height - 1 - x, y)
        case .transverse: (height - 1 - x, width - 1 - y)
        case .turnedLeft: (x, width - 1 - y)
        }
    }

    /// Walks the segments before the pixels to the first that holds EXIF data.
    init(jpeg file: UnsafeRawBufferPointer) {
        self = .upright
        var place = 2  // after the mark of the file
        while place + 4 <= file.count, unsafe file[place] == 0xFF {
            let marker = unsafe file[place + 1]  // within the file, by the line above
            if marker == 0xFF {  // fill
                place += 1
                continue
            }
            // The pixels begin, or the image ends.
            guard marker != 0xDA, marker != 0xD9 else { return }
            let length = unsafe Int(file[place + 2]) << 8 | Int(file[place + 3])
            guard length >= 2, place + 2 + length <= file.count else { return }
            let body = unsafe UnsafeRawBufferPointer(
                rebasing: file[place + 4..<place + 2 + length])
            if marker == 0xE1, unsafe body.starts(with: Self.mark) {
                // The rest of the same segment.
                let told = unsafe Self.read(
                    tiff: UnsafeRawBufferPointer(rebasing: body[Self.mark.count...]))
                self = told ?? .upright
                return
            }
            place += 2 + length
        }
    }

    private static let mark: [UInt8] = Array("Exif\0\0".utf8)
    /// The number of the field, and of its type, 16 bits.
    private static let tag = 0x0112, short = 3

    /// Reads the first directory of a TIFF structure.
    private static func read(tiff: UnsafeRawBufferPointer) -> ImageOrientation? {
        guard let order = unsafe tiff.first else { return nil }
        let isLittle = order == UInt8(ascii: "I")
        /// `bytes` bytes from `place` on; nil outside the structure.
        func number(_ place: Int, _ bytes: Int) -> Int? {
            guard place >= 0, place + bytes <= tiff.count else { return nil }
            // Within the structure, by the line above.
            let part = unsafe Array(tiff[place..<place + bytes])
            return (isLittle ? part.reversed() : part).reduce(0) { $0 << 8 | Int($1) }
        }
        guard number(2, 2) == 42, let directory = number(4, 4), let count = number(directory, 2)
        else { return nil }
        for entry in 0..<count {
            let place = directory + 2 + 12 * entry
            guard let found = number(place, 2) else { return nil }
            if found == tag, number(place + 2, 2) == short, let value = number(place + 8, 2) {
                return ImageOrientation(rawValue: UInt16(value))
            }
        }
        return nil
    }
}

/// Copies pixels from the order of the file to that of the picture.
///
/// - Parameters:
///   - stored: `[height, width, channels]`
///   - picture: Overwritten; as many bytes.
func turn(
    _ stored: Bytes, _ size: (height: Int, width: Int, channels: Int),
    _ orientation: ImageOrientation, into picture: MutableBytes
) {
    let (height, width, channels) = size
    precondition(stored.count == height * width * channels && picture.count == stored.count)
    let (rows, columns) = orientation.swapsAxes ? (width, height) : (height, width)
    for y in 0..<rows {
        for x in 0..<columns {
            let from = orientation.source(y, x, height, width)
            for channel in 0..<channels {
                // picture[y, x, c] = stored[from.y, from.x, c]; both have height * width pixels.
                unsafe picture[(y * columns + x) * channels + channel] =
                    stored[(from.y * width + from.x) * channels + channel]
            }
        }
    }
}
