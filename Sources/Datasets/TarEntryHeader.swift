// SPDX-License-Identifier: Apache-2.0

/// The headers of tar entries as Convoy writes them: nothing in them but names and sizes, so that equal
/// contents make equal files.
enum TarEntryHeader {
    static let block = 512

    /// What stands before the contents of a regular file: one block, or three where its name is long.
    static func bytes(_ path: String, size: Int) -> [UInt8] {
        if let (prefix, name) = ustarName(path) {
            return header(Array(name), prefix: Array(prefix), size: size, type: "0")
        }
        // pax: the whole name in an entry of its own, "LENGTH path=NAME\n".
        let record = paxRecord("path=\(path)\n")
        let start = Array(path.utf8.prefix(100))
        return header(Array("pax".utf8), prefix: [], size: record.count, type: "x")
            + filled(record) + header(start, prefix: [], size: size, type: "0")
    }

    /// Zeros that fill contents of a size up to whole blocks.
    static func padding(_ size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (block - size % block) % block)
    }

    /// What ends an archive.
    static let end = [UInt8](repeating: 0, count: 2 * block)

    private static func filled(_ bytes: [UInt8]) -> [UInt8] { bytes + padding(bytes.count) }

    /// A name of at most 100 bytes, and at most 155 before a slash in front of it.
    private static func ustarName(
        _ path: String
    ) -> (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)? {
        let bytes = Array(path.utf8)[...]
        if bytes.count <= 100 { return ([], bytes) }
        let earliest = bytes.count - 101
        guard
            let slash = bytes.indices.first(where: {
                $0 >= earliest && bytes[$0] == UInt8(ascii: "/")
            }), slash <= 155, slash > 0
        else { return nil }
        return (bytes[..<slash], bytes[(slash + 1)...])
    }

    /// The length counts its own digits.
    private static func paxRecord(_ text: String) -> [UInt8] {
        var length = text.utf8.count + 1
        while "\(length)".utf8.count + 1 + text.utf8.count != length {
            length = "\(length)".utf8.count + 1 + text.utf8.count
        }
        return Array("\(length) \(text)".utf8)
    }

    private static func header(
        _ name: [UInt8], prefix: [UInt8], size: Int, type: Character
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ bytes: [UInt8], at place: Int) {
            header.replaceSubrange(place..<place + bytes.count, with: bytes)
        }
        func put(_ text: String, at place: Int) { put(Array(text.utf8), at: place) }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put(octal(0o644, 7), at: 100)
        for owner in [108, 116] { put(octal(0, 7), at: owner) }
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)  // the time of change
        put("        ", at: 148)
        put(String(type), at: 156)
        put("ustar\u{0}00", at: 257)
        put(prefix, at: 345)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148)
        return header
    }
}
