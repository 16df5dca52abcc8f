// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#endif

/// A file without a name that grows at its end and is read anywhere; the system removes it with its last
/// user, however that ends.
final class UnnamedFile: Sendable {
    private let descriptor: CInt
    private let folder: String

    /// Makes one in the first of some folders that takes one.
    init(in folders: [String]) throws(DatasetError) {
        var number = ENOENT
        for folder in folders {
            // Swift passes the path as a C string for the time of the call.
            let opened = unsafe open(folder, __O_TMPFILE | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
            number = errno
            guard opened >= 0 else { continue }
            (descriptor, self.folder) = (opened, folder)
            return
        }
        throw DatasetError(
            code: .unreadable,
            detail: "no file can be made in \(folders.joined(separator: " or ")):"
                + " \(words(of: number)); make one of them writable")
    }

    deinit { _ = close(descriptor) }

    /// Adds bytes at the end, which is at `place`.
    func append(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(DatasetError) {
        var done = 0
        while done < bytes.count {
            // Reads at most the bytes that are left.
            let step = unsafe pwrite(
                descriptor, bytes.baseAddress! + done, bytes.count - done, place + done)
            let number = errno
            if step < 0, number == EINTR { continue }
            guard step >= 0 else {
                throw DatasetError(
                    code: .unreadable,
                    detail:
                        "write to a file in \(folder): \(words(of: number)); free some space there")
            }
            done += step
        }
    }

    /// - Parameter name: What is read, for messages.
    func read(
        _ name: String, at place: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        // Writes within `bytes`.
        try unsafe readFile(descriptor, name, at: place, into: bytes)
    }
}
