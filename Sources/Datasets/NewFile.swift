// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#endif

/// A file that is written piece by piece, and gets its name when it is whole.
final class NewFile {
    private let path: String
    private let descriptor: CInt
    private var isFinished = false

    /// - Parameter path: Overwritten, if it is there.
    init(_ path: String) throws(DatasetError) {
        self.path = path
        // Swift passes the path as a C string for the time of the call.
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if descriptor < 0 { throw Self.fault("open", path, errno) }
    }

    /// What is not finished is of no use.
    deinit {
        guard descriptor >= 0, !isFinished else { return }
        _ = close(descriptor)
        // Swift passes the path as a C string for the time of the call.
        _ = unsafe unlink(path)
    }

    func append(_ bytes: [UInt8]) throws(DatasetError) {
        var done = 0
        while done < bytes.count {
            // Reads at most the bytes that are left of the array.
            let step = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            let number = errno
            if step < 0, number == EINTR { continue }
            guard step >= 0 else { throw Self.fault("write", path, number) }
            done += step
        }
    }

    /// Closes the file and gives it its name.
    func finish(as name: String) throws(DatasetError) {
        guard fsync(descriptor) == 0 else { throw Self.fault("fsync", path, errno) }
        // Swift passes the paths as C strings for the time of the call.
        guard unsafe rename(path, name) == 0 else { throw Self.fault("rename", path, errno) }
        isFinished = true
        _ = close(descriptor)
    }

    private static func fault(_ call: String, _ path: String, _ number: CInt) -> DatasetError {
        DatasetError(
            code: .unreadable,
            detail:
                "\(call) \(path): \(words(of: number)); check the path and the space on the disk")
    }
}
