// SPDX-License-Identifier: Apache-2.0
//
// Which format an image file has.

/// The formats that are read.
enum ImageKind: String {
    case jpeg = "JPEG"
    case png = "PNG"
    case bmp = "BMP"
    case webp = "WebP"

    /// Tells the format by a file's first bytes.
    init(of file: UnsafeRawBufferPointer) throws(DatasetError) {
        // At most the file's own first bytes.
        let start = unsafe Array(file.prefix(12))
        if start.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if start.starts(with: "BM".utf8) {
            self = .bmp
        } else if start.starts(with: "RIFF".utf8), start.dropFirst(8).elementsEqual("WEBP".utf8) {
            self = .webp
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
                detail: "the file is \(found), only JPEG, PNG, BMP and WebP are read; convert it or"
                    + " remove it")
        }
    }

    /// What else calls itself an image: its mark, and where in the file the mark stands.
    private static let strangers: [(mark: String, offset: Int, name: String)] = [
        ("GIF8", 0, "a GIF image"),
        ("II*", 0, "a TIFF image"), ("MM", 0, "a TIFF image"),
        ("ftyp", 4, "an AVIF or HEIC image"), ("<", 0, "a web page or XML"),
    ]
}

extension ImageKind {
    /// What an image file is called, for messages.
    static let endings = ".jpg, .jpeg, .png, .bmp or .webp"

    /// Whether a file's name is that of an image, in upper or lower case.
    static func isImage(_ name: String) -> Bool {
        let name = name.lowercased()
        return [".jpg", ".jpeg", ".png", ".bmp", ".webp"].contains { name.hasSuffix($0) }
    }
}
