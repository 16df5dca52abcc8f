// SPDX-License-Identifier: Apache-2.0
//
// Comma- or tab-separated text, by RFC 4180: fields that hold separators, quotes or line ends stand in
// quotes, and a quote in them is written twice.

/// The rows of a table whose first row names its columns.
struct DelimitedText {
    struct Row {
        /// Where it begins; lines count from 1.
        let line: Int
        let fields: [String]
    }

    /// 1 GiB.
    static let mostBytes = 1 << 30

    let path: String
    let header: Row
    /// All with as many fields as the header.
    let rows: [Row]

    /// - Parameter path: A .tsv or .tab file is separated by tabs, any other by commas.
    init(path: String) throws(DatasetError) {
        let isTabbed = [".tsv", ".tab"].contains { path.lowercased().hasSuffix($0) }
        try self.init(
            path: path, bytes: readFile(path, most: Self.mostBytes),
            separator: UInt8(ascii: isTabbed ? "\t" : ","))
    }

    init(path: String, bytes: [UInt8], separator: UInt8) throws(DatasetError) {
        self.path = path
        var scanner = FieldScanner(path: path, bytes: bytes, separator: separator)
        var header: Row?
        var rows: [Row] = []
        while let row = try scanner.nextRow() {
            guard let header else {
                header = row
                continue
            }
            guard row.fields.count == header.fields.count else {
                throw DatasetError(
                    code: .corrupt,
                    detail: "\(path), line \(row.line): \(row.fields.count)"
                        + " field\(row.fields.count == 1 ? "" : "s"), the first line has"
                        + " \(header.fields.count); put a field that holds a separator in quotes")
            }
            rows.append(row)
        }
        guard let header else {
            throw DatasetError(
                code: .empty,
                detail: "\(path): has no line; expected the names of the columns, then a line for"
                    + " each image")
        }
        self.header = header
        self.rows = rows
    }

    /// The place of a column.
    ///
    /// - Parameter field: The field of the job that names it.
    func column(_ name: String, for field: String) throws(DatasetError) -> Int {
        let places = header.fields.indices.filter { header.fields[$0] == name }
        guard places.count == 1 else {
            throw DatasetError(
                code: places.isEmpty ? .notFound : .mismatch,
                detail: "\(path): \(places.isEmpty ? "no column" : "\(places.count) columns")"
                    + " '\(name)' in \(header.fields.map { "'\($0)'" }.joined(separator: ", "));"
                    + " set dataset.\(field) to the name of one column")
        }
        return places[0]
    }
}

/// Cuts bytes into fields.
private struct FieldScanner {
    let path: String
    let bytes: [UInt8]
    let separator: UInt8
    private var place = 0
    private var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    init(path: String, bytes: [UInt8], separator: UInt8) {
        self.path = path
        self.bytes = bytes
        self.separator = separator
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }  // the mark of UTF-8
    }

    /// nil at the end. Empty lines are no rows.
    mutating func nextRow() throws(DatasetError) -> DelimitedText.Row? {
        while endsLine() {}
        guard place < bytes.count else { return nil }
        let start = line
        var fields: [String] = []
        repeat { fields.append(try nextField()) } while endsField()
        guard endsLine() || place == bytes.count else {
            throw fault("something stands after a closing quote; write a quote in a field twice")
        }
        return DelimitedText.Row(line: start, fields: fields)
    }

    private mutating func nextField() throws(DatasetError) -> String {
        guard place < bytes.count, bytes[place] == Self.quote else {
            let start = place
            while place < bytes.count, !ends(bytes[place]) {
                guard bytes[place] != Self.quote else {
                    throw fault(
                        "a quote stands inside a field; put the field in quotes and write the"
                            + " quote twice")
                }
                place += 1
            }
            return try text(bytes[start..<place])
        }
        place += 1
        let start = line
        var field: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == Self.quote {
                guard place < bytes.count, bytes[place] == Self.quote else {
                    return try text(field[...])
                }
                place += 1
            }
            if byte == Self.newline { line += 1 }
            field.append(byte)
        }
        throw DatasetError(
            code: .truncated,
            detail: "\(path), line \(start): a quote opens and never closes; close it, or copy the"
                + " file anew if it was cut")
    }

    private func ends(_ byte: UInt8) -> Bool {
        byte == separator || byte == Self.newline || byte == Self.carriageReturn
    }

    private mutating func endsField() -> Bool {
        guard place < bytes.count, bytes[place] == separator else { return false }
        place += 1
        return true
    }

    /// Whether a line ends here: \n, \r\n or \r.
    private mutating func endsLine() -> Bool {
        guard place < bytes.count else { return false }
        switch bytes[place] {
        case Self.newline: place += 1
        case Self.carriageReturn:
            place += 1
            if place < bytes.count, bytes[place] == Self.newline { place += 1 }
        default: return false
        }
        line += 1
        return true
    }

    private func text(_ field: ArraySlice<UInt8>) throws(DatasetError) -> String {
        guard let text = String(validating: field, as: UTF8.self), !field.contains(0) else {
            throw fault("is not text in UTF-8; save the table as UTF-8")
        }
        return text
    }

    private func fault(_ detail: String) -> DatasetError {
        DatasetError(code: .corrupt, detail: "\(path), line \(line): \(detail)")
    }
}
