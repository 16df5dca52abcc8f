// SPDX-License-Identifier: Apache-2.0
//
// Files that are there whole or not at all.

import Glibc

/// Writes a file beside its place, makes it durable, then renames it into place.
///
/// Whatever fails on the way (a full disk, a kill), the file that was there before stays whole.
package enum AtomicFile {
    package static func write(_ parts: [UnsafeRawBufferPointer], to path: String)
        throws(RuntimeError)
    {
        let temporary = path + ".partial"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw RuntimeError(call: "open \(temporary)", errno: errno) }
        do throws(RuntimeError) {
            for part in parts { try write(part, to: file, temporary) }
            guard fsync(file) == 0 else {
                throw RuntimeError(call: "fsync \(temporary)", errno: errno, cure: cure)
            }
        } catch {
            close(file)
            unlink(temporary)
            throw error
        }
        close(file)
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw RuntimeError(call: "rename \(temporary) to \(path)", errno: code)
        }
        syncFolder(of: path)
    }

    package static func write(text: String, to path: String) throws(RuntimeError) {
        let bytes = Array(text.utf8)
        let result: Result<Void, RuntimeError> = bytes.withUnsafeBytes { raw in
            do throws(RuntimeError) { return .success(try write([raw], to: path)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private static let cure =
        "free some space on that disk; the file that was there before is untouched"

    private static func write(
        _ part: UnsafeRawBufferPointer, to file: CInt, _ path: String
    ) throws(RuntimeError) {
        var done = 0
        while done < part.count {
            let count = Glibc.write(file, part.baseAddress! + done, part.count - done)
            let code = errno
            if count < 0, code == EINTR { continue }
            guard count >= 0 else {
                throw RuntimeError(call: "write \(path)", errno: code, cure: cure)
            }
            done += count
        }
    }

    /// A rename is durable only when its folder is.
    private static func syncFolder(of path: String) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
