// SPDX-License-Identifier: Apache-2.0
//
// BMP files: 1, 4 and 8 bits with a palette, the latter two also run-length encoded, 16, 24 and 32 bits with
// or without masks.

/// What the headers of a BMP file say, all of it checked.
struct Bitmap {
    let height: Int
    let width: Int
    /// Whether pixels have an alpha channel that is said to be one.
    var hasAlpha: Bool { fields.count == 4 }

    private let bits: Int
    private let isTopDown: Bool
    private let isRunLength: Bool
    /// Where the rows begin, and bytes from one to the next.
    private let start: Int, stride: Int
    /// Red, green, blue of each colour; empty without a palette.
    private let palette: [(UInt8, UInt8, UInt8)]
    /// Of red, green, blue and perhaps alpha in a pixel of 16 or 32 bits; empty for bytes as they are.
    private let fields: [Field]

    /// A run of bits of a pixel.
    private struct Field {
        let shift: Int
        let most: UInt32

        init?(mask: UInt32) {
            shift = mask.trailingZeroBitCount
            guard mask != 0 else { return nil }
            most = mask >> UInt32(shift)
            guard most & (most &+ 1) == 0 else { return nil }
        }

        func value(_ pixel: UInt32) -> UInt8 {
            UInt8(UInt64(pixel >> UInt32(shift) & most) * 255 / UInt64(most))
        }
    }

    /// - Parameter file: Begins with "BM".
    init(_ file: Span<UInt8>) throws(DatasetError) {
        func fault(_ code: DatasetError.Code, _ words: String) -> DatasetError {
            DatasetError(code, .bmp, words)
        }
        let short = fault(.truncated, "\(file.count) bytes")
        guard file.count >= 26 else { throw short }
        let header = Int(file.little32(14)), isCore = header == 12
        guard isCore || header >= 40, header <= 256 else {
            throw fault(.unsupported, "a header of \(header) bytes")
        }
        guard file.count >= 14 + header else { throw short }
        let down =
            isCore ? Int(file.little16(20)) : Int(Int32(bitPattern: file.little32(22)))
        width = isCore ? Int(file.little16(18)) : Int(Int32(bitPattern: file.little32(18)))
        (height, isTopDown) = (abs(down), down < 0)
        guard width > 0, height > 0 else {
            throw fault(.corrupt, "\(width) x \(height) pixels")
        }
        // Both are below 2^31, so the product fits.
        guard width * height <= DecodedImage.mostPixels else {
            throw fault(.tooLarge, "\(width) x \(height) pixels")
        }
        bits = Int(file.little16(isCore ? 24 : 28))
        guard [1, 4, 8, 16, 24, 32].contains(bits) else {
            throw fault(.unsupported, "\(bits) bits a pixel")
        }
        let compression = isCore ? 0 : Int(file.little32(30))
        // 3 and 6: masks, which stand in a large header or after a small one.
        let masks =
            compression == 6 || compression == 3 && header >= 56 ? 4 : compression == 3 ? 3 : 0
        isRunLength = compression == 1 && bits == 8 || compression == 2 && bits == 4
        guard compression == 0 || isRunLength || masks > 0 && (bits == 16 || bits == 32) else {
            throw fault(.unsupported, "compression \(compression) with \(bits) bits a pixel")
        }
        let masksEnd = masks == 0 ? 0 : 54 + 4 * masks
        guard file.count >= masksEnd else { throw short }
        var found: [UInt32] = []
        for mask in 0..<masks { found.append(file.little32(54 + 4 * mask)) }
        if bits == 16, masks == 0 { found = [0x7C00, 0x03E0, 0x001F] }
        if found.count == 4, found[3] == 0 { found.removeLast() }
        fields = found.compactMap { Field(mask: $0) }
        guard fields.count == found.count else {
            throw fault(.corrupt, "masks \(found.map { String($0, radix: 16) })")
        }
        start = Int(file.little32(10))
        palette =
            bits > 8
            ? []
            : try Self.palette(
                file, at: 14 + header, isCore: isCore, bits: bits, before: start)
        stride = (width * bits + 31) / 32 * 4
        guard start >= 14 + header, start <= file.count,
            isRunLength || stride * height <= file.count - start
        else { throw short }
    }

    private static func palette(
        _ file: Span<UInt8>, at place: Int, isCore: Bool, bits: Int, before end: Int
    ) throws(DatasetError) -> [(UInt8, UInt8, UInt8)] {
        let size = isCore ? 3 : 4
        var count = isCore ? 0 : Int(file.little32(46))
        if count == 0 { count = min(1 << bits, max(0, end - place) / size) }
        guard count <= 1 << bits, count > 0 else {
            throw DatasetError(.corrupt, .bmp, "a palette of \(count) colours")
        }
        guard place + count * size <= file.count else {
            throw DatasetError(.truncated, .bmp, "\(file.count) bytes")
        }
        var colours: [(UInt8, UInt8, UInt8)] = []
        for colour in Swift.stride(from: place, to: place + count * size, by: size) {
            colours.append((file[colour + 2], file[colour + 1], file[colour]))
        }
        return colours
    }

    /// Writes the pixels, `[height][width][channels]`, from the file that this was read from.
    ///
    /// - Parameter channels: 3, or 4 if there is alpha.
    /// - Throws: If a pixel has a colour that the palette has not.
    func unpack(
        _ file: Span<UInt8>, channels: Int, into pixels: inout MutableSpan<UInt8>
    ) throws(DatasetError) {
        precondition(
            pixels.count == height * width * channels && (channels == 3 || hasAlpha),
            "Bitmap: room for \(pixels.count) bytes, \(width) x \(height), \(channels) channels")
        if isRunLength {
            return try unpackRuns(file, channels: channels, into: &pixels)
        }
        for y in 0..<height {
            // `init` has seen that all rows are there.
            let row = start + (isTopDown ? y : height - 1 - y) * stride
            for x in 0..<width {
                let to = (y * width + x) * channels
                if bits <= 8 {
                    let place = x * bits, byte = file[row + place >> 3]
                    let index = Int(byte >> UInt8(8 - bits - place & 7)) & (1 << bits - 1)
                    (pixels[to], pixels[to + 1], pixels[to + 2]) = try colour(index)
                } else if fields.isEmpty {
                    let from = row + x * bits / 8
                    for c in 0..<3 { pixels[to + c] = file[from + 2 - c] }
                } else {
                    let from = row + x * bits / 8
                    let pixel = bits == 16 ? UInt32(file.little16(from)) : file.little32(from)
                    for c in 0..<channels { pixels[to + c] = fields[c].value(pixel) }
                }
            }
        }
    }
}

extension Bitmap {
    /// Rows as runs of one colour, (count, colour), or of two in turns with 4 bits; where the count is 0 the
    /// second byte is a mark: 0 ends a row, 1 the picture, 2 goes right and up by what follows, and from 3
    /// on it says how many pixels follow as they are, filled up to two bytes. What is passed over has the
    /// first colour; what goes beyond its row is dropped, as Pillow does it.
    private func unpackRuns(
        _ file: Span<UInt8>, channels: Int, into pixels: inout MutableSpan<UInt8>
    ) throws(DatasetError) {
        let ground = try colour(0)
        for to in Swift.stride(from: 0, to: pixels.count, by: channels) {
            (pixels[to], pixels[to + 1], pixels[to + 2]) = ground
        }
        var (x, line, place) = (0, 0, start)
        func next() throws(DatasetError) -> Int {
            guard place < file.count else {
                throw DatasetError(.truncated, .bmp, "\(file.count) bytes, line \(line)")
            }
            defer { place += 1 }
            return Int(file[place])
        }
        func index(_ byte: Int, _ number: Int) -> Int {
            bits == 8 ? byte : number % 2 == 0 ? byte >> 4 : byte & 15
        }
        func put(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) {
            defer { x += 1 }
            guard x < width, line < height else { return }
            let to = ((isTopDown ? line : height - 1 - line) * width + x) * channels
            (pixels[to], pixels[to + 1], pixels[to + 2]) = try colour(index)
        }
        while line < height {
            let (count, mark) = (try next(), try next())
            switch (count, mark) {
            case (0, 0): (x, line) = (0, line + 1)
            case (0, 1): return
            case (0, 2): (x, line) = (x + (try next()), line + (try next()))
            case (0, _):
                let first = place
                var byte = 0
                for number in 0..<mark {
                    if bits == 8 || number % 2 == 0 { byte = try next() }
                    try put(index(byte, number), into: &pixels)
                }
                if (place - first) % 2 == 1 { _ = try next() }
            default:
                for number in 0..<count { try put(index(mark, number), into: &pixels) }
            }
        }
    }

    private func colour(_ index: Int) throws(DatasetError) -> (UInt8, UInt8, UInt8) {
        guard index < palette.count else {
            throw DatasetError(.corrupt, .bmp, "colour \(index) of a palette of \(palette.count)")
        }
        return palette[index]
    }
}

extension Span<UInt8> {
    fileprivate func little16(_ place: Int) -> UInt16 {
        UInt16(self[place]) | UInt16(self[place + 1]) << 8
    }
    fileprivate func little32(_ place: Int) -> UInt32 {
        UInt32(little16(place)) | UInt32(little16(place + 2)) << 16
    }
}
