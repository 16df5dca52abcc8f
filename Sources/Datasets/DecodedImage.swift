// SPDX-License-Identifier: Apache-2.0
//
// The pixels of an image file.

import CImageCodecs
import Tensors

#if canImport(Glibc)
    import Glibc
#endif

/// An image as its file has it, upright: grey, RGB or RGBA, uint8, any size.
@safe struct DecodedImage: ~Copyable {
    /// 64 megapixels, 192 MiB of RGB: above it a file is taken for a decompression bomb.
    static let mostPixels = 1 << 26

    let height: Int
    let width: Int
    /// 1, 3 or 4.
    let channels: Int
    /// Before it was scaled.
    let fileSize: (height: Int, width: Int)
    private let base: UnsafeMutablePointer<UInt8>

    /// Decodes a file by its contents, whatever its name.
    ///
    /// - Parameters:
    ///   - keepsAlpha: Whether an image with an alpha channel has four channels.
    ///   - enough: The height and width, upright, that a JPEG needs to have: it comes at a half, a quarter or
    ///     an eighth of its size, whichever is the smallest that has both. nil takes it whole.
    init(
        file: UnsafeRawBufferPointer, keepsAlpha: Bool, enough: (height: Int, width: Int)? = nil
    ) throws(DatasetError) {
        let kind = try unsafe ImageKind(of: file)  // looks at the first bytes, if there are any
        if kind == .bmp {
            // The file's own bytes, for as long as they are the caller's; the memory that comes back is ours.
            let bytes = unsafe file.bindMemory(to: UInt8.self).span
            let bitmap = try Bitmap(bytes)
            let count = keepsAlpha && bitmap.hasAlpha ? 4 : 3
            let pixels = try unsafe Self.unpacked(bitmap, bytes, channels: count)
            (height, width, channels) = (bitmap.height, bitmap.width, count)
            fileSize = (height, width)
            unsafe base = pixels
            return
        }
        var image = unsafe codec_image()
        // A kind was found, so the file has bytes. The C side reads no others and writes `image` alone.
        let bytes = unsafe file.baseAddress!.assumingMemoryBound(to: UInt8.self)
        // Of a file that does not decode it may be anything.
        let orientation = kind == .jpeg ? unsafe ImageOrientation(jpeg: file) : .upright
        switch kind {
        case .jpeg:
            let (height, width) = enough ?? (0, 0)
            let isTurned = orientation.swapsAxes
            unsafe codec_decode_jpeg(
                bytes, file.count, Self.mostPixels, UInt32(isTurned ? height : width),
                UInt32(isTurned ? width : height), &image)
        case .png:
            unsafe codec_decode_png(
                bytes, file.count, Self.mostPixels, keepsAlpha ? 1 : 0, &image)
        case .webp:
            unsafe codec_decode_webp(
                bytes, file.count, Self.mostPixels, keepsAlpha ? 1 : 0, &image)
        case .bmp: preconditionFailure("DecodedImage: a BMP file is read above")
        }
        if let fault = unsafe DatasetError(image, kind) { throw fault }
        // Decoded: there are `height * width * channels` bytes, ours to release.
        let stored = unsafe (Int(image.height), Int(image.width), Int(image.channels))
        let pixels = try unsafe Self.turned(image.pixels, stored, orientation)
        (height, width) = orientation.swapsAxes ? (stored.1, stored.0) : (stored.0, stored.1)
        let whole = unsafe (Int(image.file_height), Int(image.file_width))
        fileSize =
            kind != .jpeg
            ? (height, width) : orientation.swapsAxes ? (whole.1, whole.0) : whole
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
        let turned = try unsafe memory(count, .jpeg)
        // Both have `count` bytes.
        unsafe turn(
            Bytes(start: stored, count: count), size, orientation,
            into: MutableBytes(start: turned, count: count))
        return unsafe turned
    }

    private static func unpacked(
        _ bitmap: Bitmap, _ file: Span<UInt8>, channels: Int
    ) throws(DatasetError) -> UnsafeMutablePointer<UInt8> {
        let count = bitmap.height * bitmap.width * channels
        let base = try unsafe memory(count, .bmp)
        do throws(DatasetError) {
            // All of the memory that is there.
            var pixels = unsafe MutableSpan(_unsafeStart: base, count: count)
            try bitmap.unpack(file, channels: channels, into: &pixels)
        } catch {
            // Made by malloc above, and given to nobody.
            unsafe free(base)
            throw error
        }
        return unsafe base
    }

    private static func memory(
        _ count: Int, _ kind: ImageKind
    ) throws(DatasetError) -> UnsafeMutablePointer<UInt8> {
        guard let memory = unsafe malloc(count) else {
            throw DatasetError(.tooLarge, kind, "no memory for \(count) bytes")
        }
        return unsafe memory.assumingMemoryBound(to: UInt8.self)
    }

    // Made by malloc, owned by this value alone.
    deinit { unsafe free(base) }

    /// `[height, width, channels]`, valid as long as this value.
    var pixels: Bytes { unsafe Bytes(start: base, count: height * width * channels) }

    /// Reads the header of a file.
    ///
    /// - Parameter start: The file's first bytes, all that the header has.
    /// - Throws: What decoding would say of the header; `truncated` if there is more of it.
    static func checkHeader(_ start: UnsafeRawBufferPointer) throws(DatasetError) {
        let kind = try unsafe ImageKind(of: start)  // looks at the first bytes, if there are any
        var image = unsafe codec_image()
        // A kind was found, so there are bytes. The C side reads no others and writes `image` alone.
        let bytes = unsafe start.baseAddress!.assumingMemoryBound(to: UInt8.self)
        switch kind {
        case .jpeg: unsafe codec_check_jpeg(bytes, start.count, mostPixels, &image)
        case .png: unsafe codec_check_png(bytes, start.count, mostPixels, &image)
        case .webp: unsafe codec_check_webp(bytes, start.count, mostPixels, &image)
        case .bmp:
            // The caller's bytes, during the call.
            let header = unsafe start.bindMemory(to: UInt8.self).span
            _ = try Bitmap(header)
        }
        if let fault = unsafe DatasetError(image, kind) { throw fault }
    }
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
    /// nil for a decoded image.
    fileprivate init?(_ image: codec_image, _ kind: ImageKind) {
        guard let code = unsafe Code(image.outcome) else { return nil }
        // The field is a C string of at most 255 bytes.
        let words = unsafe withUnsafeBytes(of: image.message) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(code, kind, words)
    }

    init(_ code: Code, _ kind: ImageKind, _ words: String) {
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
