// SPDX-License-Identifier: Apache-2.0
//
// The files inside a ZIP archive, found through its central directory and inflated by zlib. Only what
// NumPy writes is read: stored or deflated, one volume, below 4 GiB, no encryption.

import CImageCodecs

/// An archive in memory.
struct ZIPArchive {
    struct Member {
        let name: String
        fileprivate let method: Int
        fileprivate let checksum: UInt
        fileprivate let stored: Int
        fileprivate let size: Int
        fileprivate let header: Int
    }

    let path: String
    private(set) var members: [Member] = []
    private let bytes: [UInt8]
    private static let cure = "save the archive anew with numpy.savez"

    init(path: String) throws(DatasetError) {
        try self.init(path: path, bytes: readFile(path, most: 0xFFFF_FFFE))
    }

    init(path: String, bytes: [UInt8]) throws(DatasetError) {
        self.path = path
        self.bytes = bytes
        let end = try findEnd()
        let (count, start) = (number(end + 10, 2), number(end + 16, 4))
        guard count < 0xFFFF, start < 0xFFFF_FFFF else { throw tooLarge("its directory") }
        var place = start
        for index in 0..<count {
            guard place + 46 <= end, number(place, 4) == 0x0201_4B50 else {
                throw corrupt("entry \(index) of \(count) of its directory", at: place)
            }
            let (length, extra, comment) = (
                number(place + 28, 2), number(place + 30, 2), number(place + 32, 2)
            )
            guard place + 46 + length <= end else {
                throw corrupt("the name of entry \(index) of \(count)", at: place + 46)
            }
            let name = String(decoding: bytes[place + 46..<place + 46 + length], as: UTF8.self)
            let member = Member(
                name: name, method: number(place + 10, 2), checksum: UInt(number(place + 16, 4)),
                stored: number(place + 20, 4), size: number(place + 24, 4),
                header: number(place + 42, 4))
            guard [member.stored, member.size, member.header].allSatisfy({ $0 < 0xFFFF_FFFF })
            else { throw tooLarge(name) }
            guard number(place + 8, 2) & 1 == 0, [0, 8].contains(member.method) else {
                throw DatasetError(
                    code: .unsupported,
                    detail: "\(path): \(name) is encrypted or compressed by method"
                        + " \(member.method); \(Self.cure)")
            }
            members.append(member)
            place += 46 + length + extra + comment
        }
    }

    /// The contents of a member, checked against their checksum.
    func read(_ member: Member) throws(DatasetError) -> [UInt8] {
        let header = member.header
        guard header + 30 <= bytes.count, number(header, 4) == 0x0403_4B50 else {
            throw corrupt("the header of \(member.name)", at: header)
        }
        let start = header + 30 + number(header + 26, 2) + number(header + 28, 2)
        // Deflate never shrinks more than 1032-fold: a larger claim is a lie.
        let most = member.method == 0 ? member.stored : member.stored * 1032
        guard start + member.stored <= bytes.count, member.size <= most else {
            throw corrupt(
                "\(member.name), said to have \(member.size) bytes in \(member.stored),", at: start)
        }
        let stored = bytes[start..<start + member.stored]
        let contents = member.method == 0 ? Array(stored) : inflated(stored, size: member.size)
        // zlib reads the array's own bytes during the call.
        let checksum = unsafe contents?.withUnsafeBufferPointer {
            unsafe crc32_z(0, $0.baseAddress, $0.count)
        }
        guard let contents, contents.count == member.size, checksum == member.checksum else {
            throw corrupt("the contents of \(member.name)", at: start)
        }
        return contents
    }

    /// Where the record that ends the archive begins; a comment of at most 65,535 bytes may follow it.
    private func findEnd() throws(DatasetError) -> Int {
        var place = bytes.count - 22
        let last = max(0, place - 0xFFFF)
        while place >= last {
            if number(place, 4) == 0x0605_4B50 { return place }
            place -= 1
        }
        throw DatasetError(
            code: bytes.starts(with: [0x50, 0x4B]) ? .truncated : .corrupt,
            detail: "\(path): \(bytes.count) bytes without the end of a ZIP archive, which an .npz"
                + " file is; \(Self.cure), or copy it anew if it was cut")
    }

    /// Little-endian.
    private func number(_ place: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    private func corrupt(_ what: String, at place: Int) -> DatasetError {
        DatasetError(
            code: .corrupt,
            detail: "\(path): \(what) at byte \(place) cannot be; \(Self.cure), or copy it anew")
    }

    private func tooLarge(_ what: String) -> DatasetError {
        DatasetError(
            code: .tooLarge,
            detail: "\(path): \(what) is of an archive above 4 GiB; save each array with numpy.save"
        )
    }
}

/// Raw deflate; nil if it is damaged or not of that size.
private func inflated(_ stored: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
    var stream = unsafe z_stream()
    // zlib sets up a local variable; -15: no header around the stream.
    let version = unsafe inflateInit2_(
        &stream, -15, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
    guard version == Z_OK else { return nil }
    defer { _ = unsafe inflateEnd(&stream) }
    var isWhole = false
    // Initialised to `count`, which is what zlib wrote.
    let contents = unsafe [UInt8](unsafeUninitializedCapacity: size) { output, count in
        // zlib reads the slice's and writes the array's own bytes, both below 4 GiB, during the call.
        unsafe stored.withUnsafeBufferPointer { input in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.avail_in = UInt32(input.count)
            unsafe stream.next_out = output.baseAddress
            unsafe stream.avail_out = UInt32(size)
            isWhole = unsafe inflate(&stream, Z_FINISH) == Z_STREAM_END
        }
        count = unsafe size - Int(stream.avail_out)
    }
    return isWhole ? contents : nil
}
