// SPDX-License-Identifier: Apache-2.0
//
// Files that may or may not be compressed by gzip, read from front to back.

import CImageCodecs

#if canImport(Glibc)
    import Glibc
#endif

/// An open file. What gzip compressed is inflated on the way, straight to where it belongs.
@safe struct InflatedFile: ~Copyable {
    let path: String
    /// The size on disk.
    let size: Int
    /// What to do about a damaged file, for messages.
    private let cure: String
    private let file: gzFile

    init(path: String, cure: String) throws(DatasetError) {
        let size = try fileSize(path)
        // zlib copies the path; nil is an error told by `errno`.
        guard let opened = unsafe gzopen(path, "rb") else { throw DatasetError(path, errno) }
        // zlib's own buffer: larger than its default of 8 KiB, for fewer system calls.
        unsafe gzbuffer(opened, 1 << 18)
        self.path = path
        self.size = size
        self.cure = cure
        unsafe file = opened
    }

    // This value alone owns the file.
    deinit { _ = unsafe gzclose_r(file) }

    /// The most bytes that the file can hold: deflate never shrinks more than 1032-fold.
    var capacity: Int { size &* 1032 }

    /// Fills `bytes`.
    ///
    /// - Parameter what: What the bytes are, for messages.
    func read(_ what: String, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {
        var done = 0
        while done < bytes.count {
            let length = min(bytes.count - done, 1 << 30)
            // Writes at most `length` bytes, which the buffer has.
            let step = Int(unsafe gzread(file, bytes.baseAddress! + done, UInt32(length)))
            guard step > 0 else {
                try checkSound()
                throw DatasetError(
                    code: .truncated,
                    detail: "\(path): ends after \(done) of the \(bytes.count) bytes of \(what)"
                        + " (byte \(offset) of the file); \(cure)")
            }
            done += step
        }
    }

    /// Fills an array.
    func read(_ what: String, into bytes: inout [UInt8]) throws(DatasetError) {
        // The array's own bytes, during the call.
        let outcome = unsafe bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(DatasetError) in try unsafe read(what, into: buffer) }
        }
        try outcome.get()
    }

    /// Reads on to see that there is nothing more, which also checks gzip's checksum.
    func expectEnd() throws(DatasetError) {
        var byte: UInt8 = 0
        // Writes at most one byte, into a local variable.
        let more = unsafe gzread(file, &byte, 1)
        try checkSound()
        guard more == 0 else {
            throw DatasetError(
                code: .corrupt,
                detail: "\(path): goes on after its last item (byte \(offset) of the file); \(cure)"
            )
        }
    }

    func corrupt(_ detail: String) -> DatasetError {
        DatasetError(code: .corrupt, detail: "\(path): \(detail); \(cure)")
    }

    /// Where the file stands, in bytes as they are on disk.
    private var offset: Int {
        // A number; -1 if it is unknown.
        unsafe gzoffset(file)
    }

    private func checkSound() throws(DatasetError) {
        let number = errno  // before another call changes it
        var code: Int32 = 0
        // A string owned by zlib, copied at once.
        let message = unsafe gzerror(file, &code).map { unsafe String(cString: $0) } ?? ""
        switch code {
        case Z_OK, Z_STREAM_END: return
        case Z_ERRNO: throw DatasetError(path, number)
        case Z_BUF_ERROR:
            throw DatasetError(
                code: .truncated,
                detail: "\(path): the gzip stream breaks off at byte \(offset); \(cure)")
        default:
            // zlib puts the path before its words.
            let words =
                message.hasPrefix("\(path): ") ? message.dropFirst(path.count + 2) : message[...]
            throw corrupt("the gzip stream is damaged before byte \(offset) (\(words))")
        }
    }
}
