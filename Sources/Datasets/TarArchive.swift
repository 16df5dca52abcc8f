// SPDX-License-Identifier: Apache-2.0
//
// What a tar file holds, and where in it: POSIX ustar, with the long names of GNU and pax. Each entry is
// a header of 512 bytes, then its contents, filled up to a multiple of 512.

/// The regular files of an archive, in its order. It may be compressed by gzip.
struct TarArchive: Sendable {
    struct Entry: Equatable, Sendable {
        /// Without "./" before it.
        let path: String
        /// Where its contents begin in `store`; of what is no image that may be nowhere.
        let offset: Int
        let size: Int
    }

    private(set) var entries: [Entry] = []
    let store: TarStore
    private static let block = 512
    /// Of a name that does not fit into a header.
    private static let mostNameBytes = 1 << 16

    init(path: String) throws(DatasetError) {
        var start = [UInt8](repeating: 0, count: min(2, try fileSize(path)))
        try readFile(path, at: 0, into: &start)
        if start == [0x1F, 0x8B] {
            try self.init(InflatedTar(path))
        } else {
            try self.init(PlainTar(path))
        }
    }

    private init(_ source: consuming some TarStream) throws(DatasetError) {
        let (size, path) = (source.size, source.store.path)
        store = source.store
        func fault(_ code: DatasetError.Code, _ what: String, _ place: Int) -> DatasetError {
            DatasetError(
                code: code,
                detail:
                    "\(path): \(what) at byte \(place); make the archive anew with tar, or copy it"
                    + " anew")
        }
        var place = 0
        var longName: String?
        while true {
            var header = [UInt8](repeating: 0, count: max(0, min(Self.block, size - place)))
            try source.read("a tar header", at: place, into: &header)
            guard header.count == Self.block else {
                throw fault(
                    .truncated, "the archive of \(size) bytes ends without its end mark", place)
            }
            if header.allSatisfy({ $0 == 0 }) { return }
            guard Self.isSound(header), let length = Self.number(header[124..<136]) else {
                throw fault(.corrupt, "there is no sound tar header", place)
            }
            let start = place + Self.block
            guard length <= size - start else {
                throw fault(
                    .truncated,
                    "an entry of \(length) bytes goes beyond the \(size) of the archive",
                    place)
            }
            switch header[156] {
            case UInt8(ascii: "L"), UInt8(ascii: "x"):
                guard length <= Self.mostNameBytes else {
                    throw fault(.tooLarge, "a name of \(length) bytes", place)
                }
                var bytes = [UInt8](repeating: 0, count: length)
                try source.read("a name", at: start, into: &bytes)
                let isPax = header[156] == UInt8(ascii: "x")
                longName = (isPax ? Self.paxPath(bytes) : Self.text(bytes[...])) ?? longName
            case UInt8(ascii: "0"), 0:
                let said = longName ?? Self.name(header)
                longName = nil
                let parts = said.split(separator: "/").filter { $0 != "." }
                guard !said.hasPrefix("/"), !parts.contains("..") else {
                    throw fault(.unsupported, "the name '\(said)' leads out of the archive", place)
                }
                let name = parts.joined(separator: "/")
                // A larger one is refused by its size.
                let isWanted = ImageKind.isImage(name) && length <= ImageFile.mostBytes
                let offset = isWanted ? try source.keep(length, at: start) : start
                entries.append(Entry(path: name, offset: offset, size: length))
            default: longName = nil
            }
            place = start + (length + Self.block - 1) / Self.block * Self.block
        }
    }

    /// The sum of the header's bytes, its own field taken as blanks.
    private static func isSound(_ header: [UInt8]) -> Bool {
        var sum = 8 * 32
        for (place, byte) in header.enumerated() where !(148..<156).contains(place) {
            sum += Int(byte)
        }
        return number(header[148..<156]) == sum
    }

    /// Octal digits, or, where the first bit is set, bytes.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if let first = field.first, first & 0x80 != 0 {
            let bytes = field.dropFirst().drop { $0 == 0 }
            guard first == 0x80, bytes.count < 8 else { return nil }
            return bytes.reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = field.filter { $0 != 0 && $0 != 32 }
        guard digits.count <= 12 else { return nil }
        var number = 0
        for digit in digits {
            guard (48..<56).contains(digit) else { return nil }
            number = number << 3 | Int(digit - 48)
        }
        return number
    }

    private static func name(_ header: [UInt8]) -> String {
        let (name, prefix) = (text(header[..<100]), text(header[345..<500]))
        let hasPrefix = header[257..<262].elementsEqual("ustar".utf8) && header[262] == 0
        return hasPrefix && !prefix.isEmpty ? "\(prefix)/\(name)" : name
    }

    /// The field `path` of records as "27 path=roses/1.jpg\n".
    private static func paxPath(_ bytes: [UInt8]) -> String? {
        for record in bytes.split(separator: 10) {
            guard let blank = record.firstIndex(of: 32) else { continue }
            let field = record[(blank + 1)...]
            if field.starts(with: "path=".utf8) { return text(field.dropFirst(5)) }
        }
        return nil
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}
