// SPDX-License-Identifier: Apache-2.0
//
// Whole files, read or written at once.

#if canImport(Glibc)
    import Glibc
#endif

/// Fills `bytes` with the whole file, whose size must be what it was when it was asked for.
func readFile(_ path: String, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {
    // Swift passes the path as a C string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DatasetError(path, errno) }
    defer { _ = close(descriptor) }
    var done = 0
    while done < bytes.count {
        // Writes at most the bytes that are left.
        let step = unsafe read(descriptor, bytes.baseAddress! + done, bytes.count - done)
        let number = errno
        if step < 0, number == EINTR { continue }
        guard step >= 0 else { throw DatasetError(path, number) }
        guard step > 0 else { break }
        done += step
    }
    var more: UInt8 = 0
    // Writes at most one byte, into a local variable.
    guard done == bytes.count, unsafe read(descriptor, &more, 1) == 0 else {
        throw DatasetError(
            code: .mismatch,
            detail: "\(path): has changed, it had \(bytes.count) bytes when the run started;"
                + " restore it, or start the run anew")
    }
}

/// Fills an array with the bytes from `place` on.
func readFile(_ path: String, at place: Int, into bytes: inout [UInt8]) throws(DatasetError) {
    // The array's own bytes, during the call.
    let outcome = unsafe bytes.withUnsafeMutableBytes { buffer in
        Result { () throws(DatasetError) in try unsafe readFile(path, at: place, into: buffer) }
    }
    try outcome.get()
}

/// Fills `bytes` with those of the file from `place` on.
func readFile(
    _ path: String, at place: Int, into bytes: UnsafeMutableRawBufferPointer
) throws(DatasetError) {
    // Swift passes the path as a C string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DatasetError(path, errno) }
    defer { _ = close(descriptor) }
    // Writes within `bytes`.
    try unsafe readFile(descriptor, path, at: place, into: bytes)
}

/// The same of an open file.
///
/// - Parameter path: For messages.
func readFile(
    _ descriptor: CInt, _ path: String, at place: Int, into bytes: UnsafeMutableRawBufferPointer
) throws(DatasetError) {
    var done = 0
    while done < bytes.count {
        // Writes at most the bytes that are left.
        let step = unsafe pread(
            descriptor, bytes.baseAddress! + done, bytes.count - done, place + done)
        let number = errno
        if step < 0, number == EINTR { continue }
        guard step >= 0 else { throw DatasetError(path, number) }
        guard step > 0 else {
            throw DatasetError(
                code: .mismatch,
                detail: "\(path): has changed, it was longer when the run started; restore it, or"
                    + " start the run anew")
        }
        done += step
    }
}

/// The bytes of a file.
///
/// - Parameter most: How many there may be.
func readFile(_ path: String, most: Int) throws(DatasetError) -> [UInt8] {
    let size = try fileSize(path)
    guard size <= most else {
        throw DatasetError(
            code: .tooLarge,
            detail: "\(path): \(size) bytes, a file of its kind may have \(most); check that it is"
                + " the file you mean, or cut it")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    // The array's own bytes, during the call.
    let outcome = unsafe bytes.withUnsafeMutableBytes { buffer in
        Result { () throws(DatasetError) in try unsafe readFile(path, into: buffer) }
    }
    try outcome.get()
    return bytes
}

/// Writes a new file.
func writeFile(_ bytes: [UInt8], to path: String, replacing: Bool = false) throws(DatasetError) {
    func fault(_ call: String, _ number: Int32) -> DatasetError {
        DatasetError(
            code: .unreadable,
            detail:
                "\(call) \(path): \(words(of: number)); check the path and the space on the disk")
    }
    let mode = O_WRONLY | O_CREAT | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL)
    // Swift passes the path as a C string for the time of the call.
    let descriptor = unsafe open(path, mode, 0o666)
    guard descriptor >= 0 else { throw fault("open", errno) }
    var done = 0
    while done < bytes.count {
        // Reads at most the bytes that are left of the array.
        let step = unsafe bytes.withUnsafeBytes {
            unsafe write(descriptor, $0.baseAddress! + done, bytes.count - done)
        }
        let number = errno
        if step < 0, number == EINTR { continue }
        guard step >= 0 else {
            _ = close(descriptor)
            throw fault("write", number)
        }
        done += step
    }
    guard close(descriptor) == 0 else { throw fault("close", errno) }
}
