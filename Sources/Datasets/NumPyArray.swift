// SPDX-License-Identifier: Apache-2.0
//
// The .npy format: a mark, a version, the length of a header, the header (a Python dictionary of element
// type, order and shape), then the elements, last dimension fastest.

/// An array of whole numbers, or of any numbers where those are asked for.
struct NumPyArray {
    let name: String
    let shape: [Int]
    /// NumPy's name of the element type: "|u1".
    let descr: String
    private let bytes: [UInt8]
    /// Where the elements begin.
    private let start: Int

    /// - Parameters:
    ///   - name: Its file, for messages.
    ///   - takesFractions: Whether its elements may be floating-point numbers.
    init(
        name: String, bytes: [UInt8], takesFractions: Bool = false
    ) throws(DatasetError) {
        self.name = name
        self.bytes = bytes
        func corrupt(_ detail: String) -> DatasetError {
            DatasetError(
                code: .corrupt, detail: "\(name): \(detail); save the array anew with numpy.save")
        }
        guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes.count >= 12 else {
            throw corrupt(
                "\(bytes.count) bytes that begin with \(bytes.prefix(6)), expected the mark of a .npy"
                    + " file")
        }
        let wide = bytes[6] >= 2
        let length = (0..<(wide ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        start = (wide ? 12 : 10) + length
        guard (1...3).contains(bytes[6]), start <= bytes.count else {
            throw corrupt(
                "version \(bytes[6]) and a header of \(length) bytes at byte 6, the file has"
                    + " \(bytes.count)")
        }
        let header = String(decoding: bytes[(start - length)..<start], as: UTF8.self)
        guard let descr = Self.text("descr", in: header),
            let fortran = Self.match(/'fortran_order':\s*(True|False)/, in: header),
            let list = Self.match(/'shape':\s*\(([0-9, ]*)\)/, in: header)
        else { throw corrupt("the header at byte \(start - length) is no description of numbers") }
        self.descr = descr
        let extents = list.split { $0 == "," || $0 == " " }.map { Int($0) }
        shape = extents.compactMap { $0 }
        guard fortran == "False" else {
            throw DatasetError(
                code: .unsupported,
                detail: "\(name): is in Fortran order; save numpy.ascontiguousarray of it")
        }
        let fractions = takesFractions ? Self.fractionWidths : [:]
        guard let width = Self.widths[descr] ?? fractions[descr] else {
            throw DatasetError(
                code: .unsupported,
                detail:
                    "\(name): has elements of type '\(descr)', only whole numbers are read; save"
                    + " images as uint8 (0 to 255), labels as integers")
        }
        var total = width
        for extent in extents {
            let (product, overflow) = total.multipliedReportingOverflow(by: extent ?? -1)
            guard !overflow, product >= 0 else { throw corrupt("shape (\(list)) cannot be") }
            total = product
        }
        guard total == bytes.count - start else {
            throw DatasetError(
                code: total > bytes.count - start ? .truncated : .corrupt,
                detail: "\(name): shape (\(list)) of '\(descr)' takes \(total) bytes,"
                    + " \(bytes.count - start) follow the header; save the array anew, or copy it anew"
            )
        }
    }

    /// The elements, if they are bytes.
    var elements: ArraySlice<UInt8>? { descr == "|u1" ? bytes[start...] : nil }

    /// An element of any type; what does not fit is clamped.
    func number(_ index: Int) -> Int {
        let width = Self.widths[descr] ?? 1
        let bits = bits(index, width)
        guard descr.dropFirst().first == "i" else { return Int(clamping: bits) }
        let unused = 64 - 8 * UInt64(width)
        return Int(Int64(bitPattern: bits << unused) >> unused)
    }

    /// An element of any type.
    func fraction(_ index: Int) -> Double {
        switch Self.fractionWidths[descr] {
        case 4: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits(index, 4))))
        case 8: Double(bitPattern: bits(index, 8))
        default: Double(number(index))
        }
    }

    private func bits(_ index: Int, _ width: Int) -> UInt64 {
        let part = bytes[(start + index * width)..<(start + (index + 1) * width)]
        return (descr.hasPrefix(">") ? Array(part) : part.reversed())
            .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    private static let fractionWidths = ["<f4": 4, ">f4": 4, "<f8": 8, ">f8": 8]

    /// The types that are read and their bytes.
    private static let widths: [String: Int] = {
        var widths = ["|u1": 1, "|i1": 1]
        for order in ["<", ">"] {
            for width in [2, 4, 8] {
                widths["\(order)u\(width)"] = width
                widths["\(order)i\(width)"] = width
            }
        }
        return widths
    }()

    private static func text(_ key: String, in header: String) -> String? {
        match(/'descr':\s*'([^']*)'/, in: header)
    }

    private static func match(_ pattern: Regex<(Substring, Substring)>, in header: String)
        -> String?
    {
        header.firstMatch(of: pattern).map { String($0.1) }
    }
}
