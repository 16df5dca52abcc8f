// SPDX-License-Identifier: Apache-2.0
//
// The pixels of a JPEG or PNG file.

import CImageCodecs
import Tensors

#if canImport(Glibc)
    import Glibc
#endif

/// An image as its file has it, upright: grey or RGB, uint8, any size.
@safe struct DecodedImage: ~Copyable {
    /// 64 megapixels, 192 MiB of RGB: above it a file is taken for a decompression bomb.
    static let mostPixels = 1 << 26

    let height: Int
    let width: Int
    /// 1 or 3.
    let channels: Int
    private let base: UnsafeMutablePointer<UInt8>

    /// Decodes a file by its contents, whatever its name.
    init(file: UnsafeRawBufferPointer) throws(DatasetError) {
        let kind = try unsafe ImageKind(of: file)  // looks at the first bytes, if there are any
        var image = unsafe codec_image()
        // A kind was found, so the file has bytes. The C side reads no others and writes `image` alone.
        let bytes = unsafe file.baseAddress!.assumingMemoryBound(to: UInt8.self)
        switch kind {
        case .jpeg: unsafe codec_decode_jpeg(bytes, file.count, Self.mostPixels, &image)
        case .png: unsafe codec_decode_png(bytes, file.count, Self.mostPixels, &image)
        }
        if let code = unsafe DatasetError.Code(image.outcome) {
            throw DatasetError(code, kind, unsafe Self.message(image))
        }
        // Decoded: there are `height * width * channels` bytes, ours to release.
        let stored = unsafe (Int(image.height), Int(image.width), Int(image.channels))
        let orientation = kind == .jpeg ? unsafe ImageOrientation(jpeg: file) : .upright
        let pixels = try unsafe Self.turned(image.pixels, stored, orientation)
        (height, width) = orientation.swapsAxes ? (stored.1, stored.0) : (stored.0, stored.1)
        unsafe (channels, base) = (stored.2, pixels)
    }

    /// The pixels in the order of the picture: `stored` itself, or memory in its place.
    private static func turned(
        _ stored: UnsafeMutablePointer<UInt8>, _ size: (height: Int, width: Int, channels: Int),
        _ orientation: ImageOrientation
    ) throws(DatasetError) -> UnsafeMutablePointer<UInt8> {
        guard orientation != .upright else { return unsafe stored }
        let count = size.height * size.width * size.channels
        // Made by malloc in C, owned by this call.
        defer { unsafe free(stored) }
        guard let memory = unsafe malloc(count) else {
            throw DatasetError(.tooLarge, .jpeg, "no memory for \(count) bytes")
        }
        let turned = unsafe memory.assumingMemoryBound(to: UInt8.self)
        // Both have `count` bytes.
        unsafe turn(
            Bytes(start: stored, count: count), size, orientation,
            into: MutableBytes(start: turned, count: count))
        return unsafe turned
    }

    // Made by malloc in C, owned by this value alone.
    deinit { unsafe free(base) }

    /// `[height, width, channels]`, valid as long as this value.
    var pixels: Bytes { unsafe Bytes(start: base, count: height * width * channels) }

    /// The library's words.
    private static func message(_ image: codec_image) -> String {
        // The field is a C string of at most 255 bytes.
        unsafe withUnsafeBytes(of: image.message) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// The formats that are read.
enum ImageKind: String {
    case jpeg = "JPEG"
    case png = "PNG"

    /// Tells the format by a file's first bytes.
    init(of file: UnsafeRawBufferPointer) throws(DatasetError) {
        // At most the file's own first bytes.
        let start = unsafe Array(file.prefix(12))
        if start.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if start.isEmpty {
            throw DatasetError(
                code: .truncated, detail: "the file is empty; copy it anew or remove it")
        } else {
            let stranger = Self.strangers.first {
                start.dropFirst($0.offset).starts(with: $0.mark.utf8)
            }
            let found =
                stranger?.name
                ?? "of a kind unknown here (it begins with the bytes \(start.prefix(4)))"
            throw DatasetError(
                code: .unsupported,
                detail: "the file is \(found), only JPEG and PNG are read; convert it or remove it")
        }
    }

    /// What else calls itself an image: its mark, and where in the file the mark stands.
    private static let strangers: [(mark: String, offset: Int, name: String)] = [
        ("GIF8", 0, "a GIF image"), ("BM", 0, "a BMP image"), ("WEBP", 8, "a WebP image"),
        ("II*", 0, "a TIFF image"), ("MM", 0, "a TIFF image"),
        ("ftyp", 4, "an AVIF or HEIC image"), ("<", 0, "a web page or XML"),
    ]
}

extension DatasetError.Code {
    /// nil for a decoded image.
    fileprivate init?(_ outcome: codec_outcome) {
        switch outcome {
        case CODEC_DECODED: return nil
        case CODEC_TRUNCATED: self = .truncated
        case CODEC_UNSUPPORTED: self = .unsupported
        case CODEC_TOO_LARGE, CODEC_NO_MEMORY: self = .tooLarge
        default: self = .corrupt
        }
    }
}

extension DatasetError {
    fileprivate init(_ code: Code, _ kind: ImageKind, _ words: String) {
        let said = words.isEmpty ? "" : " (\(words))"
        switch code {
        case .truncated:
            self.init(
                code: code,
                detail: "the \(kind.rawValue) file ends too early\(said); copy it anew or remove it"
            )
        case .unsupported:
            self.init(
                code: code,
                detail: "the \(kind.rawValue) file is of a variant that is not read\(said);"
                    + " save it as RGB with 8 bits a channel, or remove it")
        case .tooLarge:
            self.init(
                code: code,
                detail: "the \(kind.rawValue) file is too large to decode\(said), the most is"
                    + " \(DecodedImage.mostPixels) pixels; scale it down or remove it")
        default:
            self.init(
                code: code,
                detail: "the \(kind.rawValue) file is damaged\(said); copy it anew or remove it")
        }
    }
}
