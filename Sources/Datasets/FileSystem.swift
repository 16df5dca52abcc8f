// SPDX-License-Identifier: Apache-2.0
//
// The few questions that data sets ask the operating system.

#if canImport(Glibc)
    import Glibc
#endif

extension DatasetError {
    /// The system's refusal to open or read `path`.
    init(_ path: String, _ number: Int32) {
        self.init(
            code: number == ENOENT ? .notFound : .unreadable,
            detail: "\(path): \(words(of: number)); check the path and its permissions")
    }
}

/// The C library's words for an error number.
func words(of number: Int32) -> String {
    // A string owned by the C library, copied at once.
    unsafe String(cString: strerror(number))
}

/// The size of a regular file.
func fileSize(_ path: String) throws(DatasetError) -> Int { try FileStatus(path).size }

/// What tells that a file is as it was.
struct FileStatus {
    let size: Int
    /// When it was last changed, in nanoseconds since 1970.
    let changed: Int

    /// - Throws: If it is no regular file.
    init(_ path: String) throws(DatasetError) {
        let status = try Self.status(path)
        size = Int(status.st_size)
        changed = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    }

    private static func status(_ path: String) throws(DatasetError) -> stat {
        var status = stat()
        // Writes one `stat`, a local variable.
        guard unsafe stat(path, &status) == 0 else { throw DatasetError(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DatasetError(code: .unreadable, detail: "\(path): is not a file")
        }
        return status
    }
}

func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }
func isDirectory(_ path: String) -> Bool { mode(path) == S_IFDIR }

private func mode(_ path: String) -> mode_t? {
    var status = stat()
    // Writes one `stat`, a local variable.
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
}

func isLink(_ path: String) -> Bool {
    var status = stat()
    // Writes one `stat`, a local variable.
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

/// Makes a folder in one that is there.
///
/// - Parameter mayExist: Whether one that is there already will do.
func makeFolder(_ path: String, mayExist: Bool) throws(DatasetError) {
    // Swift passes the path as a C string for the time of the call.
    guard unsafe mkdir(path, 0o777) != 0 else { return }
    let number = errno
    if mayExist, number == EEXIST { return }
    throw DatasetError(
        code: .unreadable,
        detail:
            "mkdir \(path): \(words(of: number)); name a folder that is not there yet, in one"
            + " that is")
}
